"""Asynchronous inference: InvokeEndpointAsync, a queue for each endpoint, results in S3.

After the developer guide's pages on asynchronous inference.
"""
