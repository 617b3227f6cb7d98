"""From a model's folder to what a worker serves, whatever kind of folder it is."""

from .loading import load

__all__ = ["load"]
