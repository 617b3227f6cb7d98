"""`python -m tools.image`: the serving image built for real, with docker or podman."""
