"""What a server does when things go wrong: `python -m bench.serving.failures`."""
