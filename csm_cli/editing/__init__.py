"""Working with takes after a rendering: list, choose, pin, speak again, out to an editor and back."""

from csm_cli.editing.lines import ScriptLine, ScriptTakes

__all__ = ["ScriptLine", "ScriptTakes"]
