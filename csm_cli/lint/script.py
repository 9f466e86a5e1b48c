"""Everything that can be said against a script without speaking it."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.lint.doubts import LONG_LINE, SPEAKABLE, doubts, longest_stretch, unreadable
from csm_cli.lint.places import Places
from csm_cli.lint.tag_doubts import tag_doubts
from csm_cli.script.document import NARRATOR, Line, Screenplay, Source
from csm_cli.script.problems import Finding, Problems, did_you_mean, shown
from csm_cli.script.reader import Checked, check_screenplay
from csm_cli.script.recast import recast
from csm_cli.voices.former_names import note_of, renamed


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
