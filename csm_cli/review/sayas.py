"""A word of the lexicon beside a script: how it is to be said, and which lines that changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from csm_cli.core.errors import UsageError
from csm_cli.review.book import Book
from csm_cli.review.edits import ChangedOutsideError, replace_file
from csm_cli.review.errors import conflict
from csm_cli.review.undo import Step, UndoStack
from csm_cli.text import Entry, Lexicon, Normaliser
from csm_cli.text.characters import clean
from csm_cli.text.cues import spoken_cues
from csm_cli.text.lexicon import default_case
from csm_cli.text.lexicon_files import add_entry, project_file
from csm_cli.web.errors import ApiError

LONGEST = 200


def spoken(book: Book, text: str, line: str | None = None) -> str:
    """The spoken form of a text as this script would read it; `line`: for its speaker and chapter."""
    script = book.opened
    speaker, chapter = "", 0
    if line is not None and line in script.by_id:
        found = script.by_id[line]
        speaker, chapter = found.planned.line.speaker, found.chapter.number
    return Normaliser.normalise(script.normaliser, spoken_cues(text, ()), speaker, chapter)


class SayAs:
    """Writes words into the lexicon beside a script.

    Args:
        undo: takes note of each change.
        others: called after a change, to read the scripts that share the lexicon.
    """

    def __init__(self, undo: UndoStack, others: Callable[[], None]):
        self._undo, self._others = undo, others

    def add(self, book: Book, word: str, say: str, dry_run: bool) -> dict[str, Any]:
        """Have a word said in another way.

        Returns:
            The lexicon's file, and the lines that change, with their spoken form before and after.

        Raises:
            ApiError: word or reading cannot be used.
            UsageError, ScriptError, CsmError: as `add_entry`.
        """
        word, say = " ".join(word.split()), " ".join(say.split())
        for name, text in (("word", word), ("as", say)):
            if not any(map(str.isalnum, text)) or len(text) > LONGEST:
                what = f"{name} needs a letter or a figure, and at most {LONGEST} characters"
                raise ApiError(400, "bad_request", what, "write how it sounds in plain letters", name)
        with book.lock:
            file = project_file(book.path.parent)
            entry = Entry(word, say, str(file), case=default_case(word))
            changes = changed_lines(book, entry)
            if not dry_run:
                self._write(book, file, entry)
        if not dry_run:
            self._others()  # not before: each holds the lock of its script
        return {"file": str(file), "changes": changes}

    def _write(self, book: Book, file: Path, entry: Entry) -> None:
        before = file.read_bytes() if file.exists() else None
        add_entry(file, entry, force=True)
        after = file.read_bytes()
        book.read()

        def back() -> None:
            with book.lock:
                try:
                    if before is not None:
                        replace_file(file, after, before)
                    elif file.read_bytes() == after:
                        file.unlink()
                    else:
                        raise ChangedOutsideError("has been changed", where=str(file))
                except (ChangedOutsideError, FileNotFoundError) as error:
                    raise conflict(
                        "script_changed",
                        "the lexicon has been changed since, so this cannot be undone",
                        "edit the file",
                        str(file),
                    ) from error
                finally:
                    book.read()
            self._others()

        self._undo.push(Step(f'"{entry.word}" in the lexicon', back, book.number))


def changed_lines(book: Book, entry: Entry) -> list[dict[str, str]]:
    """The lines that are spoken in another way with an entry in the project's lexicon."""
    script = book.opened
    old = script.normaliser
    new = Normaliser(old.language, with_entry(old.lexicon, entry))
    word = clean(entry.word).casefold()
    changes = []
    for line in script.lines:
        written = line.planned.line
        if word not in clean(written.text).casefold():
            continue
        text, place = spoken_cues(written.text, ()), (written.speaker, line.chapter.number)
        before, after = old.normalise(text, *place), new.normalise(text, *place)
        if before != after:
            changes.append({"id": line.planned.id, "text": written.text, "before": before, "after": after})
    return changes


def with_entry(lexicon: Lexicon, entry: Entry) -> Lexicon:
    """A lexicon with an entry in the place of those that the project's file has for the word."""
    layers = ("script", "project", "user")
    kept = [each for each in lexicon.entries if (each.layer, each.word) != ("project", entry.word)]
    try:
        return Lexicon(sorted([*kept, entry], key=lambda each: layers.index(each.layer)))
    except ValueError as error:
        raise UsageError(str(error), where=entry.where) from error
