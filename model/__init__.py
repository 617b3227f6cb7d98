"""The example model, its MLflow bundle, and the packing of any MLflow folder."""


class PushError(Exception):
    """A model cannot be pushed to a stage; the text is one line."""
