"""Bodies of requests and responses: JSON, JSON lines, CSV, NPY and parquet.

Whatever a body holds, a fault in it is a RequestError that says what is wrong and where.
"""
