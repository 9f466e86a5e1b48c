"""All that can be said against a script and its lexicons without speaking it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.lint.doubts import LONG_LINE, SPEAKABLE, Places, doubts, longest_stretch, tag_doubts, unreadable
from csm_cli.script.document import NARRATOR, Line, Screenplay, Source
from csm_cli.script.problems import Finding, Problems, did_you_mean, shown
from csm_cli.script.reader import Checked, check_screenplay, recast
from csm_cli.text.characters import ASCII, clean
from csm_cli.text.lexicon import Entry
from csm_cli.text.reading import Reader, reader_for
from csm_cli.voices.names import note_of, renamed, voice_names


def lint_file(path: Path, format: str | None = None) -> Checked:
    """Read a script for linting; a file that cannot be read at all is a finding like any other."""
    try:
        return check_screenplay(path, format)
    except ScriptError as error:
        problems = Problems()
        for problem in error.problems:
            place, _, message = problem.partition(": error: ")
            file, line, column = (*place.rsplit(":", 2), "", "")[:3]
            known = line.isdigit() and column.isdigit()
            source = Source(file, int(line), int(column)) if known else Source(place, 1, 1)
            problems.add(source, message)
        return Checked(None, problems)


def lint(
    checked: Checked,
    *,
    voices: Collection[str] | None = None,
    alphabet: Container[str] | None = None,
    known_words: Container[str] = (),
    own_tags: Mapping[str, int] | None = None,
    shipped_speakers: int = 0,
) -> list[Finding]:
    """All findings about a script, in file order.

    Args:
        checked: the script and what its reader found.
        voices: names of the voices there are; None: not looked at.
        alphabet: characters that the model can say; None: any.
        known_words: words that the lexicon says how to speak.
        own_tags, shipped_speakers: as for `tag_doubts`.
    """
    play, problems = checked
    if play is None:
        return problems.findings()
    if voices is not None:
        play = _check_voices(play, voices, problems)
    for source, what in tag_doubts(play, own_tags or {}, shipped_speakers):
        problems.add(source, what, "warning")
    if not problems:  # half a script tells nothing about who does not speak
        _check_cast(play, problems)
    english = play.language.lower().split("-")[0] == "en"
    seen: set[str] = set()
    places = Places(play.lines, problems)
    for line in play.lines:
        _check_line(line, english, alphabet, known_words, seen, problems, places)
    return problems.findings()


def _check_voices(play: Screenplay, voices: Collection[str], problems: Problems) -> Screenplay:
    """Look for the voices; returns the script with those of today where it has earlier names."""
    former = renamed(play.voices, voices)
    if former:
        problems.add(play.voices[next(iter(former))], note_of(former), "note")
        play = recast(play, former)
    for voice, source in play.voices.items():
        if voice and voice.partition("/")[0] not in voices:  # anna/angry is a clip of anna
            hint = did_you_mean(voice, voices) or "; csm voices list shows those there are"
            problems.add(source, f'no voice named "{shown(voice)}"{hint}')
    return play


def _check_cast(play: Screenplay, problems: Problems) -> None:
    speaking = {line.speaker for line in play.lines}
    styles = {(line.speaker, line.style) for line in play.lines}
    for member in play.cast.values():
        if member.name not in speaking:
            if member.name != NARRATOR:
                problems.add(member.source, f"{shown(member.name)} is cast, but never speaks", "warning")
            continue
        first = next(iter(member.styles.values()), "")
        for style, voice in member.styles.items():
            if (member.name, style) not in styles and not (voice == member.voice == first):
                what = f'no line of {shown(member.name)} is "({shown(style)})"'
                problems.add(member.source, what, "note")
    for chapter in play.chapters:
        for name in chapter.voices:
            if name not in play.cast:
                hint = did_you_mean(name, play.cast)
                problems.add(chapter.source, f'unknown speaker "{shown(name)}" under voices{hint}')


def _check_line(
    line: Line,
    english: bool,
    alphabet: Container[str] | None,
    known_words: Container[str],
    seen: set[str],
    problems: Problems,
    places: Places,
) -> None:
    text = line.text
    if len(text) > LONG_LINE:
        what = f"a line of {len(text)} characters is only ever spoken again as a whole; divide it"
        problems.add(line.source, what, "warning")
    if stretch := longest_stretch(text):
        what = f'"{shown(stretch)}" goes on for {len(stretch)} characters without a comma'
        place = places.find(line, stretch, "warning")
        problems.add(place, f"{what}; the model reads {SPEAKABLE} at once", "warning")
    if unread := unreadable(text, english, alphabet):
        listed = " ".join(f"{char} (U+{ord(char):04X})" for char in unread[:5])
        problems.add(places.find(line, unread[0], "warning"), f"not read aloud: {listed}", "warning")
    if not english:
        return
    for doubt in doubts(text):
        key = doubt.text.casefold()
        if key in seen or doubt.text in known_words:  # once in a script is enough
            continue
        seen.add(key)
        problems.add(places.find(line, doubt.text, "note"), f'"{shown(doubt.text)}": {doubt.why}', "note")


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
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT
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
