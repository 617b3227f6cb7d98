"""Berth's infrastructure: settings, the compatibility checks, and the CDK stacks."""
