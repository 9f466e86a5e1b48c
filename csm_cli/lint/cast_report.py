"""Who speaks how much: lines, words, minutes, the longest line, the voices."""

from __future__ import annotations

from dataclasses import dataclass

from csm_cli.script.document import Line, Screenplay

CHARACTERS_PER_SECOND = 14
"""Of spoken English; other languages written in letters are close."""


def speaking_seconds(text: str) -> float:
    """How long `text` should take, pauses left out."""
    return len(text) / CHARACTERS_PER_SECOND


@dataclass
class Part:
    """What one character has to say in a script.

    Attributes:
        seconds: of speech, pauses left out.
        chapters: numbers of those the character speaks in.
    """

    name: str
    voices: tuple[str, ...]
    lines: int = 0
    words: int = 0
    seconds: float = 0.0
    longest: Line | None = None
    chapters: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
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


def cast_report(play: Screenplay) -> list[Part]:
    """Every character of the cast, the one with the most words first; those who never speak last."""
    parts = {member.name: Part(member.name, member.voices) for member in play.cast.values()}
    chapters: dict[str, dict[int, None]] = {name: {} for name in parts}
    voices: dict[str, dict[str, None]] = {name: {} for name in parts}
    for chapter in play.chapters:
        for line in chapter.lines:
            part = parts[line.speaker]
            part.lines += 1
            part.words += len(line.text.split())
            part.seconds += speaking_seconds(line.text)
            if part.longest is None or len(line.text) > len(part.longest.text):
                part.longest = line
            chapters[line.speaker][chapter.number] = None
            voices[line.speaker][line.voice] = None
    for name, part in parts.items():
        part.chapters = tuple(chapters[name])
        part.voices = tuple(dict.fromkeys((*part.voices, *voices[name])))
    return sorted(parts.values(), key=lambda part: -part.words)
