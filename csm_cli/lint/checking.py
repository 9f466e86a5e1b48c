"""Scripts with their lexicons, as `csm lint` and `csm lexicon check` look at them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.lint.doubts import doubts
from csm_cli.lint.script import lint, lint_file
from csm_cli.script import Line, Screenplay, Source
from csm_cli.script.problems import Finding, Problems, did_you_mean, shown
from csm_cli.text.clean import clean
from csm_cli.text.fold import ASCII
from csm_cli.text.lexicon import Entry
from csm_cli.text.reading import Reader, reader_for
from csm_cli.voices.places import voice_names


def check_script(path: Path, format: str | None = None, *, demo: bool = False) -> list[Finding]:
    """All findings about a script, its voices and its lexicon among them.

    Args:
        path: of the script.
        format: one of `FORMATS`; None: by the ending.
        demo: look for what the demo voice cannot do: characters that it cannot say, tags of other voices.
    """
    checked = lint_file(path, format)
    reader = Reader()
    if checked.screenplay is not None:
        try:
            reader = reader_for(checked.screenplay)
        except ScriptError as error:
            for problem in error.problems:
                _add(problem, checked.problems)
        if note := reader.note:
            checked.problems.add(Source(str(path), 1, 1), note, "note")
    alphabet, tags, shipped = (ASCII, *_shipped_tags(path.parent)) if demo else (None, {}, 0)
    return lint(
        checked,
        voices=voice_names(path.parent),
        alphabet=alphabet,
        known_words=reader.lexicon,
        own_tags=tags,
        shipped_speakers=shipped,
    )


def _shipped_tags(folder: Path) -> tuple[dict[str, int], int]:
    """(tags of the shipped voices by name, how many of them the embedded model was trained on)."""
    from csm_cli.checkpoints.embedded import DEMO_CHECKPOINT
    from csm_cli.voices.registry import VoiceRegistry

    config = json.loads((DEMO_CHECKPOINT / "config.json").read_text(encoding="utf-8"))
    tags = {voice.name: voice.speaker for voice in VoiceRegistry(folder).all() if voice.layer == "shipped"}
    return tags | {"": min(tags.values(), default=0)}, config.get("shipped_speakers", 0)


def spoken_lines(play: Screenplay, reader: Reader) -> Iterator[tuple[Line, str]]:
    """Every line of a script with what will be read for it."""
    for chapter in play.chapters:
        for line in chapter.lines:
            yield line, reader.spoken(line.text, line.speaker, chapter.number)


@dataclass(frozen=True)
class LexiconCheck:
    """How a lexicon fits a script.

    Args:
        uses: every entry, with the number of times it is used.
        missing: words of which the reading is doubtful and which have no entry, with the place of the first.
        unknown: entries for a character or chapter that the script has not, with what is wrong.
    """

    uses: tuple[tuple[Entry, int], ...]
    missing: tuple[tuple[str, str, Source], ...]
    unknown: tuple[tuple[Entry, str], ...]


def check_lexicon(play: Screenplay, reader: Reader) -> LexiconCheck:
    """Which entries are used in a script, and which words may need one."""
    uses: Counter[Entry] = Counter()
    missing: dict[str, tuple[str, str, Source]] = {}
    for chapter in play.chapters:
        for line in chapter.lines:
            uses.update(reader.lexicon.used(clean(line.text), line.speaker, chapter.number))
            for doubt in doubts(line.text):
                if " " not in doubt.text and doubt.text not in reader.lexicon:
                    missing.setdefault(doubt.text, (doubt.text, doubt.why, line.source))
    counted = tuple((entry, uses[entry]) for entry in reader.lexicon.entries)
    return LexiconCheck(
        counted, tuple(missing.values()), tuple(_unknown_scopes(play, reader.lexicon.entries))
    )


def _unknown_scopes(play: Screenplay, entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    chapters = {chapter.number for chapter in play.chapters}
    for entry in entries:
        for name in entry.speakers:
            if name not in play.cast:
                yield entry, f'no character "{shown(name)}" in {play.path}{did_you_mean(name, play.cast)}'
        for number in entry.chapters:
            if number not in chapters:
                yield entry, f"no chapter {number} in {play.path}"


def _add(problem: str, problems: Problems) -> None:
    """A problem that comes as one line, `file:line:col: error: message`."""
    place, _, message = problem.partition(": error: ")
    file, *numbers = place.rsplit(":", 2)
    known = len(numbers) == 2 and all(number.isdigit() for number in numbers)
    line, column = map(int, numbers) if known else (1, 1)
    problems.add(Source(file if known else place, line, column), message)
