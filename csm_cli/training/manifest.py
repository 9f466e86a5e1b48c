"""A manifest of recordings to train on: one JSON object a line, or CSV with a header."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from csm_cli.core.data import parse_json
from csm_cli.core.errors import MissingError, UsageError, remedy_of
from csm_cli.core.reading import open_file, size_text

MAX_BYTES, MAX_ROW_BYTES = 256 << 20, 1 << 20

_NAMES = {
    "audio": ("audio", "path", "file", "audio_filepath"),
    "text": ("text", "transcript", "sentence"),
    "speaker": ("speaker", "speaker_id"),
    "conversation": ("conversation", "conversation_id"),
}
"""Names of each field."""


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        text: its transcript, word for word.
        speaker: the tag that stands before it in training.
        conversation: clips of one conversation are each other's context, in the manifest's order.
        line: in the manifest, from 1.
    """

    audio: Path
    text: str
    speaker: int
    conversation: str | None
    line: int


def read_manifest(path: Path) -> list[Clip]:
    """The clips that a manifest lists; audio paths are relative to its folder.

    Raises:
        MissingError: there is no such file.
        UsageError: it lists nothing, or a line cannot be used; the first one is named, the others counted.
    """
    clips: list[Clip] = []
    problems: list[tuple[int, str]] = []
    read = _json_rows if path.suffix in (".jsonl", ".json", ".ndjson") else _csv_rows
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise UsageError(
                    f"is larger than {size_text(MAX_BYTES)}", where=str(path), remedy="divide it in several"
                )
            for line, row in read(file):
                problem = row if isinstance(row, str) else _clip(path, line, row, clips)
                if problem:
                    problems.append((line, problem))
    except FileNotFoundError as error:
        raise MissingError(
            "no such manifest", where=str(path), remedy="give a .jsonl or .csv file"
        ) from error
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise UsageError(what, where=str(path), remedy=remedy_of(error)) from error
    except (ValueError, csv.Error) as error:
        raise UsageError(
            f"cannot be read ({error})", where=str(path), remedy="give a .jsonl or .csv file in UTF-8"
        ) from error
    if problems:
        line, text = problems[0]
        more = f", and {len(problems) - 1} more lines like it" if len(problems) > 1 else ""
        raise UsageError(f"{text}{more}", where=f"{path}:{line}", remedy="mend the manifest")
    if not clips:
        raise UsageError("lists no recordings", where=str(path))
    return clips


def _json_rows(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    # By line feeds alone: text in JSON may hold other characters that end a line.
    number = 0
    while data := file.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(data) > MAX_ROW_BYTES:
            raise ValueError(f"line {number} is longer than {size_text(MAX_ROW_BYTES)}")
        text = data.decode("utf-8-sig" if number == 1 else "utf-8")
        if text.strip():
            try:
                row = parse_json(text)
            except ValueError:
                row = None
            yield number, row if isinstance(row, dict) else "is not a JSON object"


def _csv_rows(binary: BinaryIO) -> Iterator[tuple[int, Any]]:
    with io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as file:
        start = file.read(4096)
        file.seek(0)
        delimiter = max(",;\t|", key=start.split("\n")[0].count)
        reader = csv.DictReader(file, delimiter=delimiter)
        for row in reader:
            yield reader.line_num, {k: v for k, v in row.items() if isinstance(k, str)}


def _clip(path: Path, line: int, row: dict[str, Any], clips: list[Clip]) -> str | None:
    """Add the clip of a row to `clips`; returns what is wrong with the row, or None."""
    found: dict[str, Any] = {}
    for field, names in _NAMES.items():
        found[field] = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if not isinstance(found["audio"], str):
        return "names no audio file"
    text = " ".join(str(found["text"] or "").split())
    if not text:
        return "has no text"
    try:
        speaker = int(found["speaker"] or 0)
    except (TypeError, ValueError, OverflowError):
        return f"speaker {str(found['speaker'])[:40]!r} is not a number"
    if speaker < 0:
        return f"speaker {speaker} is below 0"
    try:
        audio = path.parent / Path(found["audio"]).expanduser()
        open_file(audio).close()
    except FileNotFoundError:
        return f"there is no {audio}"
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, with a NUL, of an unknown user
        reason = getattr(error, "strerror", None) or error
        return f"its audio {found['audio'][:80]!r} cannot be read ({reason})"
    conversation = found["conversation"]
    clips.append(Clip(audio, text, speaker, None if conversation is None else str(conversation), line))
    return None
