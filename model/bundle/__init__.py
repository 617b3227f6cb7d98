"""The files that go into the MLflow bundle as they are."""
