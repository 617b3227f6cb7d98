"""Bodies in and out: JSON, JSON lines, CSV, NPY and parquet, by Content-Type and Accept.

A fault of the client is a RequestError that says what is wrong and where; no body, whatever it
holds, is more than that.
"""
