"""The constructs that are large, or have tests of their own."""
