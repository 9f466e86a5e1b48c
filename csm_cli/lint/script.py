"""Checks of a script, its cast and its lexicons without rendering it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from csm_cli.core.errors import ScriptError
from csm_cli.lint.doubts import LONG_LINE, SPEAKABLE, longest_stretch, unreadable
from csm_cli.lint.needs import language_fault, sound_faults, tag_doubts
from csm_cli.lint.readings import ReadingCheck
from csm_cli.lint.speakers import speaker_doubts
from csm_cli.script.cue_words import cue_word
from csm_cli.script.document import NARRATOR, Line, Screenplay
from csm_cli.script.problems import (
    MAX_LINE_CHARACTERS,
    Finding,
    Level,
    Problems,
    Source,
    SourceText,
    did_you_mean,
    shown,
)
from csm_cli.script.reader import Checked, check_screenplay, recast
from csm_cli.script.sources import read_source
from csm_cli.text.characters import ASCII, clean
from csm_cli.text.cues import find_cues
from csm_cli.text.normaliser import Normaliser, normaliser_for
from csm_cli.voices.names import note_of, renamed, voice_names


def lint_file(path: Path, format: str | None = None, contents: Mapping[Path, bytes] | None = None) -> Checked:
    """Read a script; a file that cannot be read at all is an error among the problems."""
    try:
        return check_screenplay(path, format, contents=contents)
    except ScriptError as error:
        problems = Problems()
        _add_errors(error, problems)
        return Checked(None, problems)


def lint(
    checked: Checked,
    *,
    voices: Collection[str] | None = None,
    alphabet: Container[str] | None = None,
    lexicon: Container[str] = (),
    normaliser: Normaliser | None = None,
    own_tags: Mapping[str, int] | None = None,
    shipped_speakers: int = 0,
    known_cues: Collection[str] = (),
    readings: bool = True,
) -> list[Finding]:
    """All findings about a script, in file order.

    Args:
        checked: the script and its problems.
        voices: names of the existing voices; None: do not check them.
        alphabet: of the model; None: unrestricted.
        lexicon: words with an entry.
        normaliser: of the script; None: that of its language, without a lexicon.
        own_tags, shipped_speakers: as for `tag_doubts`.
        known_cues: such as "laughs", that the model can speak.
        readings: False: leave out how lines are read, which takes most of the time and is never an error.
    """
    play, problems = checked
    if play is None:
        return problems.findings()
    if voices is not None:
        play = _check_voices(play, voices, problems)
    for source, what in tag_doubts(play, own_tags or {}, shipped_speakers):
        problems.add(source, what, "warning")
    if not problems:  # else the missing lines may be those of a silent character
        _check_cast(play, problems)
    for source, what in speaker_doubts(play):
        problems.add(source, what, "note")
    english = play.language.lower().split("-")[0] == "en"
    places = Places(play.lines, problems)
    reader = ReadingCheck(normaliser or Normaliser(play.language), lexicon)
    for chapter in play.chapters:
        for line in chapter.lines:
            if len(line.text) > MAX_LINE_CHARACTERS:  # an error already
                continue
            _check_line(line, english, alphabet, problems, places)
            for part, what, level in reader.findings(line, chapter.number) if english and readings else ():
                problems.add(places.find(line, part, level), what, level)
    _check_cues(play, known_cues, problems, places)
    return problems.findings()


def _check_voices(play: Screenplay, voices: Collection[str], problems: Problems) -> Screenplay:
    """Check that the voices exist; returns the script with the current names of renamed voices."""
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


def _check_cues(play: Screenplay, known: Collection[str], problems: Problems, places: Places) -> None:
    """Note each kind of cue that the model cannot speak, once."""
    seen = {cue_word(each) for each in known}
    for line in play.lines:
        for cue in find_cues(line.text) if len(line.text) <= MAX_LINE_CHARACTERS else ():
            if cue.word not in seen:
                seen.add(cue.word)
                what = f'"{shown(cue.text)}" is a direction that the model does not know: it is not spoken'
                problems.add(places.find(line, cue.text, "note"), what, "note")


def check_script(
    path: Path,
    format: str | None = None,
    *,
    demo: bool = False,
    languages: Collection[str] = (),
    contents: Mapping[Path, bytes] | None = None,
    readings: bool = True,
    checked: Checked | None = None,
) -> list[Finding]:
    """All findings about a script, its voices and its lexicons.

    Args:
        path: of the script.
        format: one of `FORMATS`; None: by the ending.
        demo: also check against the embedded model: its alphabet and the tags of its voices.
        languages: that the model speaks; none: any.
        contents: as for `check_screenplay`.
        readings: as for `lint`.
        checked: the script, if it has been read.
    """
    checked = checked or lint_file(path, format, contents)
    normaliser = Normaliser()
    if checked.screenplay is not None:
        try:
            normaliser = normaliser_for(checked.screenplay)
        except ScriptError as error:
            _add_errors(error, checked.problems)
        for warning in _over_limit(checked.screenplay, normaliser):
            place, _, what = warning.partition(": warning: ")
            file, line, column = place.rsplit(":", 2)
            checked.problems.add(Source(file, int(line), int(column)), what, "warning")
        if note := normaliser.note:
            checked.problems.add(Source(str(path), 1, 1), note, "note")
        if fault := language_fault(checked.screenplay, languages):
            checked.problems.add(Source(str(path), 1, 1), fault, "warning")
        for source, what in sound_faults(checked.screenplay) if readings else ():
            checked.problems.add(source, what, "note")
    alphabet, config = (ASCII, _demo_config()) if demo else (None, dict[str, Any]())
    return lint(
        checked,
        voices=voice_names(path.parent),
        alphabet=alphabet,
        lexicon=normaliser.lexicon,
        normaliser=normaliser,
        own_tags=_shipped_tags(path.parent) if demo else {},
        shipped_speakers=config.get("shipped_speakers", 0),
        known_cues=_cues(config) if demo else (),
        readings=readings,
    )


def _over_limit(play: Screenplay, normaliser: Normaliser) -> tuple[str, ...]:
    """The regular expressions of the lexicon that go over a limit in a line."""
    if normaliser.lexicon.has_patterns:
        for chapter in play.chapters:
            for line in chapter.lines:
                normaliser.lexicon.used(clean(line.text), line.speaker, chapter.number)
    return normaliser.lexicon.over_limit


def _cues(config: dict[str, Any]) -> tuple[str, ...]:
    from csm_cli.core.types import cues_of  # brings numpy

    return cues_of(config)


def _demo_config() -> dict[str, Any]:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    return dict(json.loads((DEMO_CHECKPOINT / "config.json").read_text(encoding="utf-8")))


def _shipped_tags(folder: Path) -> dict[str, int]:
    """Speaker tags of the shipped voices by name; "" is the default voice."""
    from csm_cli.voices.registry import VoiceRegistry

    tags = {voice.name: voice.speaker for voice in VoiceRegistry(folder).all() if voice.layer == "shipped"}
    return tags | {"": min(tags.values(), default=0)}


_WORDS = 8
"""By which a part is found."""


class Places:
    """Finds parts of lines in their files, which are read on demand."""

    def __init__(self, lines: Sequence[Line], problems: Problems):
        self._lines, self._problems = lines, problems
        self._files: dict[str, SourceText | None] = {}

    def find(self, line: Line, part: str, level: Level) -> Source:
        """The place of `part` of a line's text; of the line, if the part is not in the file as it is.

        A finding of this level that would not be kept is not searched for.
        """
        file = self._file(line.source.path) if self._problems.keeps(level) else None
        if file is None:
            return line.source
        first = file.index(line.source)
        after = self._ends.get(line.source)
        last = file.index(after) if after else len(file.text)
        begin = file.text.find(part, first, last)
        if begin < 0 and " " in part:
            words = re.compile(r"[\s\\]+".join(map(re.escape, part.split()[:_WORDS])))
            found = words.search(file.text, first, max(first, last))
            begin = found.start() if found else -1
        return line.source if begin < 0 else file.at(begin)

    @cached_property
    def _ends(self) -> dict[Source, Source]:
        """The place of the next line in the same file, by the place of the line before."""
        sources = pairwise(line.source for line in self._lines)
        return {here: after for here, after in sources if here.path == after.path}

    def _file(self, path: str) -> SourceText | None:
        if path not in self._files:
            try:
                self._files[path] = read_source(Path(path))
            except ScriptError:  # a page of an e-book
                self._files[path] = None
        return self._files[path]


def _add_errors(error: ScriptError, problems: Problems) -> None:
    """Add the problems of an exception, each "file:line:col: error: message" or "file: error: message"."""
    for problem in error.problems:
        place, _, message = problem.partition(": error: ")
        file, *numbers = place.rsplit(":", 2)
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            problems.add(Source(file, int(numbers[0]), int(numbers[1])), message)
        else:
            problems.add(Source(place, 0, 0), message)
