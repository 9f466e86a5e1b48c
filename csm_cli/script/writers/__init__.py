"""Writers of scripts: YAML and Markdown."""

from __future__ import annotations

from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.script.document import Screenplay

WRITTEN = {".yaml": "yaml", ".yml": "yaml", ".md": "markdown", ".markdown": "markdown"}


def written_format(path: Path, requested: str | None = None) -> str:
    """The format to write: the requested one, else by the ending of the path; Markdown for "-".

    Raises:
        UsageError: there is no writer for it.
    """
    found = requested or ("markdown" if str(path) == "-" else WRITTEN.get(path.suffix.lower()))
    if found not in WRITTEN.values():
        raise UsageError(
            "scripts are written as yaml or markdown",
            where=requested or str(path),
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
