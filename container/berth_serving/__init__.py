"""The server that fulfils SageMaker's container contract for a model's folder."""
