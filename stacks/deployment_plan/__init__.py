"""The change plan: what deploying a stage's templates would do, in plain words.

`compare` finds the changes between two templates as CloudFormation does; the other modules say
what they mean. Nothing here calls AWS.
"""
