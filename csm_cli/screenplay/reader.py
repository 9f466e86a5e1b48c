"""From a file to a screenplay, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from csm_cli.errors import ScriptError
from csm_cli.screenplay.document import Screenplay
from csm_cli.screenplay.source_text import read_source

YAML_ENDINGS = (".yaml", ".yml")
MARKDOWN_ENDINGS = (".md", ".markdown")


def read_screenplay(path: Path | str) -> Screenplay:
    """Read a script.

    Args:
        path: a YAML (.yaml, .yml) or Markdown (.md, .markdown) file in UTF-8.

    Returns:
        The screenplay; its `path` is `path` as it was given.

    Raises:
        ScriptError: the file is missing, not UTF-8 or faulty; `problems` has every fault, one line each.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in YAML_ENDINGS:
        from csm_cli.screenplay.yaml_script import read_yaml as read
    elif ending in MARKDOWN_ENDINGS:
        from csm_cli.screenplay.markdown_script import read_markdown as read
    else:
        accepted = ", ".join((*YAML_ENDINGS, *MARKDOWN_ENDINGS))
        raise ScriptError([f"{path}: error: not a script; the name must end in one of {accepted}"])
    return read(read_source(path))
