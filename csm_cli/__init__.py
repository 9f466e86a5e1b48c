"""csm: a script becomes spoken chapters."""

__version__ = "0.1.0"
