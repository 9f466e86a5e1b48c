"""Reads a script: chooses the parser by format or ending; renames voices of a screenplay."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import DEFAULT, Book, ReadingOptions
from csm_cli.script.document import Screenplay
from csm_cli.script.formats import check_content, check_there, format_of
from csm_cli.script.problems import Problems, SourceText
from csm_cli.script.sources import ParseState, decode, read_source


def recast(play: Screenplay, names: Mapping[str, str]) -> Screenplay:
    """The screenplay with voices renamed in cast, styles, chapters and lines; `names`: new name by old."""
    if not names:
        return play

    def new(name: str) -> str:
        return names.get(name, name)

    cast = {
        member.name: replace(
            member,
            voice=new(member.voice),
            styles={style: new(voice) for style, voice in member.styles.items()},
        )
        for member in play.cast.values()
    }
    chapters = tuple(
        replace(
            chapter.with_lines(lambda line: replace(line, voice=new(line.voice))),
            voices={speaker: new(voice) for speaker, voice in chapter.voices.items()},
        )
        for chapter in play.chapters
    )
    return replace(play, cast=cast, chapters=chapters)


class Checked(NamedTuple):
    """A screenplay, incomplete if there are problems; None: the script does not parse."""

    screenplay: Screenplay | None
    problems: Problems


def read_screenplay(path: Path | str, format: str | None = None) -> Screenplay:
    """Read a script.

    Args:
        path: a file in one of the formats of `formats.ENDINGS`; text in UTF-8.
        format: one of `formats.FORMATS`; None: by the ending of the name.

    Returns:
        The screenplay; its `path` is the given one.

    Raises:
        ScriptError: the file is missing, not UTF-8 or has errors; `problems` has all of them, one line each.
    """
    screenplay, problems = check_screenplay(path, format)
    problems.check()
    assert screenplay is not None
    return screenplay


def check_screenplay(
    path: Path | str,
    format: str | None = None,
    *,
    expand: bool = True,
    encoding: str = "utf-8",
    contents: Mapping[Path, bytes] | None = None,
) -> Checked:
    """Read a script without raising for its errors.

    Args:
        path: as for `read_screenplay`.
        format: as for `read_screenplay`.
        encoding: of a text file.
        expand: False: keep variables and includes, for a script that is to be written again.
        contents: of files, the script or what it includes, in place of those on the disk; by resolved path.

    Raises:
        ScriptError: the file cannot be read or decoded.
    """
    path = Path(path)
    state = parse_state(path, expand=expand, encoding=encoding)
    state.contents = contents or {}
    collecting = gc.isenabled()
    gc.disable()  # a hundred thousand small values and no cycles: collecting doubles the time
    try:
        screenplay = _read(path, state, format)
    except ScriptError:
        state.problems.check()  # which include this one
        raise
    finally:
        if collecting:
            gc.enable()
    return Checked(screenplay, state.problems)


def parse_state(path: Path, *, expand: bool = True, encoding: str = "utf-8") -> ParseState:
    """The initial state for parsing the script at `path`."""
    return ParseState(path.parent, _read, expand=expand, encoding=encoding)


def read_book(path: Path, state: ParseState, format: str, options: ReadingOptions = DEFAULT) -> Book | None:
    """Read a book; None: `format` is one of scripts.

    Raises:
        ScriptError: it cannot be read.
        MissingError: reading the format needs a library that is not installed.
    """
    reader = _book_reader(format)
    if reader is None:
        return None
    check_content(path, format)
    return reader(path, state, options)


def _read(path: Path, state: ParseState, format: str | None = None) -> Screenplay | None:
    if not state.contents or path.resolve() not in state.contents:
        check_there(path)
    chosen = format_of(path, format)
    with state.within(path):
        if book := read_book(path, state, chosen):
            return book.screenplay
        check_content(path, chosen)
        changed = state.contents.get(path.resolve()) if state.contents else None
        source = read_source(path, state.encoding) if changed is None else decode(str(path), changed)
        return _parser(chosen)(source, state)


def _book_reader(format: str) -> Callable[[Path, ParseState, ReadingOptions], Book] | None:
    if format == "epub":
        from csm_cli.script.readers.epub import read_epub

        return read_epub
    if format == "html":
        from csm_cli.script.readers.documents.html import read_html

        return read_html
    if format == "docx":
        from csm_cli.script.readers.documents.docx import read_docx

        return read_docx
    if format == "odt":
        from csm_cli.script.readers.documents.odt import read_odt

        return read_odt
    if format == "fb2":
        from csm_cli.script.readers.documents.fb2 import read_fb2

        return read_fb2
    if format == "pdf":
        from csm_cli.script.readers.pdf import read_pdf

        return read_pdf
    if format == "text":
        from csm_cli.script.readers.text import text_book

        return text_book
    return None


def _parser(format: str) -> Callable[[SourceText, ParseState], Screenplay | None]:
    if format == "yaml":
        from csm_cli.script.readers.yaml import read_yaml

        return read_yaml
    if format == "fountain":
        from csm_cli.script.readers.fountain import read_fountain

        return read_fountain
    if format == "json":
        from csm_cli.script.readers.json import read_json

        return read_json
    from csm_cli.script.readers.markdown import read_markdown

    return read_markdown
