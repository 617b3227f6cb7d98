"""The adapter to MiniStack 1.5.33: only this package imports it or knows its private names.

Only the emulator's own process serves with it, after `localaws.serve` has changed the environment:
MiniStack reads that when it is imported.
"""
