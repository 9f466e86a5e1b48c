"""What is doubtful about who speaks: guesses that a person has not checked, characters that sound alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from csm_cli.script.attribution import WHO
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.problems import Source, shown

_MAIN = 0.1
"""Share of what the characters say that makes one a main character."""
_FEWEST = 3
"""Lines that a main character has at least."""


def speaker_doubts(play: Screenplay) -> Iterator[tuple[Source, str]]:
    """Lines whose speaker is marked as doubtful, and characters that share a voice: (place, message)."""
    for line in play.lines:
        if WHO in line.notes:
            guess = "left to the narrator" if line.speaker == NARRATOR else f"guessed {shown(line.speaker)}"
            yield line.source, f"who says this? {guess}; correct it, or take out ({WHO})"
    yield from _alike(play)


def _alike(play: Screenplay) -> Iterator[tuple[Source, str]]:
    lines: Counter[str] = Counter()
    words: Counter[str] = Counter()
    voices: dict[str, set[str]] = {}
    for line in play.lines:
        if line.speaker != NARRATOR:
            lines[line.speaker] += 1
            words[line.speaker] += len(line.text.split())
            voices.setdefault(line.speaker, set()).add(line.voice)
    total = sum(words.values())
    main = [name for name in voices if lines[name] >= _FEWEST and words[name] >= _MAIN * total]
    shared: dict[str, list[str]] = {}
    for name in main:
        if len(voices[name]) == 1:
            shared.setdefault(next(iter(voices[name])), []).append(name)
    for voice, names in shared.items():
        if len(names) > 1:
            listed = ", ".join(map(shown, names[:5])) + (", …" if len(names) > 5 else "")
            what = f'the voice "{shown(voice)}"' if voice else "the default voice"
            first = next(line.source for line in play.lines if line.speaker == names[0])
            source = play.cast[names[0]].source if names[0] in play.cast else first
            yield source, f"{listed} all speak in {what}; give each one of its own"
