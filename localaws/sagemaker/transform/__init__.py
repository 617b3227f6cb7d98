"""Batch transform: jobs that run a model's container over objects in S3 and end with it."""
