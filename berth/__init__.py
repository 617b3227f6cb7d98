"""The command line: one program over the functions of the other folders.

A module here has commands that belong together. It imports what they call inside of them, so that
`berth --help` and `berth check` start without the CDK, boto3, torch and MLflow.
"""
