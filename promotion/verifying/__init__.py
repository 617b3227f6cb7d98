"""Evidence on a running release: its golden set, its latency, its alarms."""
