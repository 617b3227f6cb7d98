"""Promotion: what a stage runs, recorded as a release, and brought to the next stage.

It imports no CDK, and of stacks/ only what reads stages.toml, models and templates.
"""


class PromotionError(Exception):
    """What was asked for cannot be done; the text is one line."""
