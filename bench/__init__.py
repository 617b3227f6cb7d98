"""Measurements of the project, to be run by hand."""
