"""The process that SageMaker talks to: it takes requests, and sees to it that workers do them."""
