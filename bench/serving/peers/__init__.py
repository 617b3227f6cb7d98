"""The servers that ours is measured against, each as its users would set it up for speed.

Each module is the application of one; `requirements/` pins what it is installed with.
"""
