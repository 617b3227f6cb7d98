"""The serving image built for real, with docker or podman."""
