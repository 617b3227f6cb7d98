"""Promotion: what a stage runs, recorded as a release in the stage's own bucket.

Stands alone: it imports no CDK, and of stacks/ only the reading of stages.toml.
"""


class PromotionError(Exception):
    """What was asked for cannot be done; the text is one line."""
