"""JSON, YAML and zips that anybody may have written: nesting is bounded, and nothing grows when read."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from csm_cli.core.reading import read_file
from csm_cli.core.stored import parsed

MAX_JSON_BYTES = 32 << 20
MAX_DEPTH = 64
"""Of YAML: lists and mappings within each other."""
MAX_COLLECTIONS = 50_000
MAX_NUMBER = 1_000
"""Characters of a number: what it takes to read one grows with their square."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: as `stored.parsed`.
    """
    return parsed(data)


def read_json(path: Path | str, most: int = MAX_JSON_BYTES) -> Any:
    """The value in a JSON file of at most so many bytes.

    Raises:
        OSError: as `read_file`.
        ValueError: as `parse_json`.
    """
    return parse_json(read_file(path, most))


def parse_yaml(data: bytes | str) -> Any:
    """The value of a YAML text of one document: plain values, without aliases, anchors and tags.

    A few aliases make a value of any size; a tag may ask for a value that its text does not give.

    Raises:
        ValueError: it is not UTF-8 or not YAML (with the line), holds one of these, or is nested too deeply.
    """
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    depth = count = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth, count = depth + 1, count + 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise ValueError(f"line {_line(event)}: aliases and anchors are not accepted")
            if getattr(event, "tag", None) is not None:
                raise ValueError(f"line {_line(event)}: tags are not accepted")
            if depth > MAX_DEPTH:
                raise ValueError(f"line {_line(event)}: it is nested too deeply")
            if count > MAX_COLLECTIONS:
                raise ValueError(f"it has more than {MAX_COLLECTIONS} lists and mappings")
            if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _is_long_number(event.value):
                raise ValueError(f"line {_line(event)}: a number has more than {MAX_NUMBER} digits")
        return yaml.load(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem or 'it is not YAML'}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _is_long_number(text: str) -> bool:
    return len(text) > MAX_NUMBER and text[0] in "+-.0123456789" and not any(map(str.isspace, text))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


MAX_NAME_BYTES = 256
"""Of an entry in the directory of a zip, in the mean: its name and what else stands there."""
_END, _LOCATOR, _END64 = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_END_BYTES, _LOCATOR_BYTES, _END64_BYTES, _COMMENT_BYTES = 22, 20, 56, 1 << 16


def open_zip(file: BinaryIO, most: int) -> zipfile.ZipFile:
    """An opened zip of at most so many entries. The size of its directory is looked at before that is read.

    Raises:
        zipfile.BadZipFile: it is none, or has more entries.
        OSError, ValueError, NotImplementedError: it is damaged in another way.
    """
    if _directory_bytes(file) > most * MAX_NAME_BYTES:
        raise zipfile.BadZipFile(f"it has more than {most} files in it")
    try:
        archive = zipfile.ZipFile(file)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise zipfile.BadZipFile(f"it is damaged ({error})") from error
    if len(archive.infolist()) > most:
        raise zipfile.BadZipFile(f"it has more than {most} files in it")
    return archive


def _directory_bytes(file: BinaryIO) -> int:
    """The size of a zip's directory as its end states it; 0 where there is no such end."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _COMMENT_BYTES - _LOCATOR_BYTES - _END64_BYTES))
    tail = file.read()
    file.seek(0)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_BYTES:
        return 0
    stated = int(struct.unpack_from("<L", tail, end + 12)[0])
    locator, end64 = end - _LOCATOR_BYTES, end - _LOCATOR_BYTES - _END64_BYTES
    if end64 >= 0 and tail.startswith(_LOCATOR, locator) and tail.startswith(_END64, end64):
        stated = max(stated, struct.unpack_from("<Q", tail, end64 + 40)[0])
    return stated
