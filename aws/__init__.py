"""The one place that calls AWS for the commands, and that knows how a cloud assembly is laid out.

It imports `stacks.settings` of the other folders, and no CDK. No other folder of the commands
imports boto3 or botocore (tests/aws/test_walls.py).
"""
