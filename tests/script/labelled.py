"""Scenes whose quotations are labelled with their speakers, and how many of them are guessed right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from csm_cli.script import read_screenplay
from csm_cli.script.attribution import guess_speakers
from csm_cli.script.document import NARRATOR, Screenplay

SCENES = Path(__file__).parent / "quotations"
_LABEL = re.compile(r"\{([^{}]+)\}")


@dataclass
class Score:
    """What became of labelled quotations.

    Attributes:
        quotes: number of them.
        right: given to whom the label names.
        left: a character's, left to the narrator.
        doubtful: marked for a person.
        wrong_and_sure: wrong, and not marked.
        misses: what went wrong, for a person: scene, beginning, label, guess.
    """

    quotes: int = 0
    right: int = 0
    left: int = 0
    doubtful: int = 0
    wrong_and_sure: int = 0
    misses: list[str] = field(default_factory=list)


def labels_of(scene: str) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
    """(The text without labels, the (offset, accepted names) of each); white space collapsed."""
    text, labels = "", []
    at = 0
    collapsed = " ".join(scene.split())
    for label in _LABEL.finditer(collapsed):
        text += collapsed[at : label.start()]
        at = label.end()
        labels.append((len(text), tuple(label[1].split("|"))))
    return text + collapsed[at:], labels


def measure(scenes: list[Path], folder: Path) -> Score:
    """Guess the speakers of scenes and compare; `folder` takes the texts without labels."""
    score = Score()
    for scene in scenes:
        source = scene.read_text(encoding="utf-8")
        text, labels = labels_of(source)
        book = folder / scene.name
        book.write_text(_LABEL.sub("", source), encoding="utf-8")
        play = guess_speakers(read_screenplay(book)).screenplay
        for offset, accepted in labels:
            score.quotes += 1
            speaker, doubtful = _at(play, text, offset)
            right = any(_same(play, speaker, name) for name in accepted)
            score.right += right
            score.doubtful += doubtful
            score.left += not right and speaker == NARRATOR
            score.wrong_and_sure += not right and not doubtful
            if not right:
                score.misses.append(
                    f"{scene.stem}: {text[offset : offset + 40]!r} is {'/'.join(accepted)}, "
                    f"not {speaker}{' (who?)' if doubtful else ''}"
                )
    return score


def _at(play: Screenplay, text: str, offset: int) -> tuple[str, bool]:
    """(Speaker, whether doubtful) of the line that holds the character at `offset` of the joined text."""
    at = 0
    for line in play.lines:
        assert text.startswith(line.text, at), "the text is changed"
        if offset < at + len(line.text):
            return line.speaker, any(note.startswith("who?") for note in line.notes)
        at += len(line.text) + 1
    raise AssertionError(offset)


def _same(play: Screenplay, speaker: str, label: str) -> bool:
    """Whether a label means this speaker: its name or an alias, or some of its words."""
    if speaker == NARRATOR or label == NARRATOR:
        return speaker == label
    member = play.cast[speaker]
    words = set(label.casefold().split())
    return any(words <= set(name.casefold().split()) for name in (member.name, *member.aliases))


def scenes_of(half: str) -> Iterator[Path]:
    """The scenes of a half, "tuned" or "held_out"."""
    return iter(sorted((SCENES / half).glob("*.txt")))
