"""The example: a corpus made here, and a BERT token classifier trained on it from scratch."""
