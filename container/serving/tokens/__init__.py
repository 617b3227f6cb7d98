"""Token classifiers in transformers' format: from texts to predictions, fast.

`classifier.TokenClassifier` is all that the rest of the server needs. Behind it `texts` cuts texts
into rows of token ids, an engine (`onnx_engine` on CPU, `torch_engine` on GPU and for what the
former cannot do) computes the probabilities of every token, and `aggregation` makes entities of
them where the model brings no code for it.
"""
