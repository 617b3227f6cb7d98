"""How fast the server's parts are: `python -m bench.serving.offline`."""
