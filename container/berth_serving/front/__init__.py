"""The process that SageMaker talks to: it accepts requests and passes them to workers."""
