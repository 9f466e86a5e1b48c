"""What `csm lint --spoken` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from csm_cli.cli import console
from csm_cli.lint.checking import spoken_lines
from csm_cli.script import read_screenplay
from csm_cli.text.reading import reader_for


def read_aloud(scripts: Sequence[Path], format: str | None, as_json: bool) -> None:
    """Print what will be read for every line of the scripts."""
    rows: list[str | dict[str, str]] = []
    for script in scripts:
        play = read_screenplay(script, format)
        reader = reader_for(play)
        if reader.note:
            console.note(f"{script}: {reader.note}")
        for line, spoken in spoken_lines(play, reader):
            if as_json:
                where = {"id": line.id, "place": str(line.source), "speaker": line.speaker}
                rows.append(where | {"text": line.text, "spoken": spoken})
            else:
                rows.append(f"{line.source}: {line.speaker}: {spoken}")
    console.emit(json.dumps(rows, indent=2, ensure_ascii=False) if as_json else "\n".join(map(str, rows)))
