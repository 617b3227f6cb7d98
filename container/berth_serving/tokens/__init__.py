"""Encoders in transformers' format: from texts to predictions.

The rest of the server uses `classifier.TokenClassifier`, `sequences.SequenceClassifier` and
`sequences.SentenceEncoder` alone. `text_encoder` and `sequences` make rows of token ids, an engine
(`onnx_engine` on CPU; `torch_engine` on GPU and for other models) computes what the head says of
each row, `aggregation` makes entities if the model has no code for it, and `pooling` vectors.
"""
