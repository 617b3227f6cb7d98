"""The example model, its MLflow bundle, and the packing of any MLflow folder."""
