"""From a screenplay to the text of a script, in YAML or Markdown."""

from __future__ import annotations

from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.script.document import Screenplay

WRITTEN = {".yaml": "yaml", ".yml": "yaml", ".md": "markdown", ".markdown": "markdown"}


def written_format(path: Path, asked: str | None = None) -> str:
    """The format to write: the one asked for, else that of the file's ending, else Markdown for "-".

    Raises:
        UsageError: it is none that csm writes.
    """
    found = asked or ("markdown" if str(path) == "-" else WRITTEN.get(path.suffix.lower()))
    if found not in WRITTEN.values():
        raise UsageError(
            "scripts are written as yaml or markdown",
            where=asked or str(path),
            remedy="end it in .yaml or .md",
        )
    return str(found)


def write_script(play: Screenplay, format: str) -> str:
    """The text of a script in that format, "yaml" or "markdown"."""
    if format == "yaml":
        from csm_cli.script.writers.yaml import write_yaml

        return write_yaml(play)
    from csm_cli.script.writers.markdown import write_markdown

    return write_markdown(play)
