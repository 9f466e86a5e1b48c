"""Errors, files, options, and the values that go in and out of the engine; imports no other package."""

from pathlib import Path

__version__ = "0.1.0"

PACKAGE_DIR = Path(__file__).parents[1]
"""Where the code lies; the voices that came with it lie in it or beside it."""
