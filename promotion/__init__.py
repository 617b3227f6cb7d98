"""Promotion: what a stage runs is recorded as a release, verified, and brought to the next stage.

It imports no CDK, and of stacks/ only what reads stages.toml, models and templates.
"""


class PromotionError(Exception):
    """A command cannot be carried out; the text is one line."""
