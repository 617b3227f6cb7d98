"""What is watched, as data that needs no CDK: metrics, alarms, the dashboard, log queries.

`stacks.monitoring` makes resources of it, and docs/monitoring.md its table of alarms.
"""
