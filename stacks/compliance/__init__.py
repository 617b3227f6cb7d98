"""The rule packs, and every acknowledgement with its reason."""
