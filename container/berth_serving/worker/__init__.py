"""The process that owns a copy of the model: it opens, computes and finishes requests."""
