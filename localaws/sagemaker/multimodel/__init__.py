"""Multi-model endpoints: archives under a prefix, loaded into the container as they are called."""
