"""Reports on a script: how much each character speaks, the spoken forms, the use of the lexicon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from csm_cli.lint.doubts import doubts
from csm_cli.script.document import Line, Screenplay
from csm_cli.script.problems import Source, did_you_mean, shown
from csm_cli.text.characters import clean
from csm_cli.text.cues import cues
from csm_cli.text.lexicon import Entry
from csm_cli.text.normaliser import Normaliser

CHARACTERS_PER_SECOND = 14
"""Of spoken English; other languages with alphabets are close."""


def speaking_seconds(text: str) -> float:
    """Estimated duration of `text`, without pauses."""
    return len(text) / CHARACTERS_PER_SECOND


@dataclass
class SpeakerReport:
    """What one character speaks.

    Attributes:
        seconds: estimate, without pauses.
        longest: the line with the most characters.
        chapters: numbers of the chapters with lines of the character.
    """

    name: str
    voices: tuple[str, ...]
    lines: int = 0
    words: int = 0
    seconds: float = 0.0
    longest: Line | None = None
    chapters: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """As a JSON object."""
        longest = self.longest
        return {
            "name": self.name,
            "voices": list(self.voices),
            "lines": self.lines,
            "words": self.words,
            "seconds": round(self.seconds, 1),
            "longest": longest
            and {
                "id": longest.id,
                "place": str(longest.source),
                "characters": len(longest.text),
                "words": len(longest.text.split()),
            },
            "chapters": list(self.chapters),
        }


def cast_report(play: Screenplay) -> list[SpeakerReport]:
    """A report on every character of the cast, the one with the most words first."""
    parts = {member.name: SpeakerReport(member.name, member.voices) for member in play.cast.values()}
    chapters: dict[str, dict[int, None]] = {name: {} for name in parts}
    voices: dict[str, dict[str, None]] = {name: {} for name in parts}
    for chapter in play.chapters:
        for line in chapter.lines:
            part = parts[line.speaker]
            part.lines += 1
            part.words += len(line.text.split())
            part.seconds += speaking_seconds(line.text) / line.speed
            if part.longest is None or len(line.text) > len(part.longest.text):
                part.longest = line
            chapters[line.speaker][chapter.number] = None
            voices[line.speaker][line.voice] = None
    for name, part in parts.items():
        part.chapters = tuple(chapters[name])
        part.voices = tuple(dict.fromkeys((*part.voices, *voices[name])))
    return sorted(parts.values(), key=lambda part: -part.words)


def spoken_lines(play: Screenplay, normaliser: Normaliser) -> Iterator[tuple[Line, str]]:
    """Every line of a script with its spoken form."""
    for chapter in play.chapters:
        for line in chapter.lines:
            yield line, normaliser.normalise(cues(line.text)[0], line.speaker, chapter.number)


@dataclass(frozen=True)
class LexiconCheck:
    """The use of a lexicon in a script.

    Args:
        uses: every entry, with the number of its replacements.
        missing: words that may be misread and have no entry: (word, reason, first place).
        unknown: entries for a character or chapter that the script does not have, with a message.
        over_limit: what became of regular expressions that took too long, a line each.
    """

    uses: tuple[tuple[Entry, int], ...]
    missing: tuple[tuple[str, str, Source], ...]
    unknown: tuple[tuple[Entry, str], ...]
    over_limit: tuple[str, ...] = ()


def check_lexicon(play: Screenplay, normaliser: Normaliser) -> LexiconCheck:
    """Count the uses of lexicon entries in a script, and find words that may need one."""
    uses: Counter[Entry] = Counter()
    missing: dict[str, tuple[str, str, Source]] = {}
    for chapter in play.chapters:
        for line in chapter.lines:
            uses.update(normaliser.lexicon.used(clean(line.text), line.speaker, chapter.number))
            for doubt in doubts(cues(line.text)[0]):
                if " " not in doubt.text and doubt.text not in normaliser.lexicon:
                    missing.setdefault(doubt.text, (doubt.text, doubt.why, line.source))
    counted = tuple((entry, uses[entry]) for entry in normaliser.lexicon.entries)
    unknown = tuple(_unknown_scopes(play, normaliser.lexicon.entries))
    return LexiconCheck(counted, tuple(missing.values()), unknown, normaliser.lexicon.over_limit)


def _unknown_scopes(play: Screenplay, entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    chapters = {chapter.number for chapter in play.chapters}
    for entry in entries:
        for name in entry.speakers:
            if name not in play.cast:
                yield entry, f'no character "{shown(name)}" in {play.path}{did_you_mean(name, play.cast)}'
        for number in entry.chapters:
            if number not in chapters:
                yield entry, f"no chapter {number} in {play.path}"
