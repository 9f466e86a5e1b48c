"""Working with takes after a rendering: list, choose, pin, speak again, out to an editor and back."""

from csm_cli.editing.lines import Bench, BenchLine

__all__ = ["Bench", "BenchLine"]
