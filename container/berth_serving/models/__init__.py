"""Loads a model's folder of any kind as a Servable."""

from .loading import load

__all__ = ["load"]
