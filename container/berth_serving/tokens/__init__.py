"""Token classifiers in transformers' format: from texts to predictions.

The rest of the server uses `classifier.TokenClassifier` alone. `text_encoder` makes rows of token
ids, an engine (`onnx_engine` on CPU; `torch_engine` on GPU and for other models) computes the
probabilities of every token, and `aggregation` makes entities if the model has no code for it.
"""
