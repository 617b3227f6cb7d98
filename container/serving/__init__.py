"""The server that answers SageMaker's container contract for an MLflow model folder."""
