"""From screenplays to chains: who says what, in which voice, in pieces that the model reads well.

A chapter is a chain: its lines are spoken in order because each hears the ones before. No model is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass

from csm_cli.render.joining import join_short_lines
from csm_cli.render.seeds import line_seed
from csm_cli.script import Chapter, Line, Screenplay
from csm_cli.takes.keys import line_id
from csm_cli.text import Reader, fold_to, split_text
from csm_cli.verify.codes import expected_seconds

DEFAULT_MAX_CHARACTERS = 250


@dataclass(frozen=True)
class PlannedLine:
    """A line ready to be spoken.

    Args:
        line: as it stands in the script.
        id: its stable name, the same while other lines come, go or move.
        voice: name of the voice it is spoken in.
        tag: the model's speaker tag.
        parts: its spoken form, split; empty if the model can say nothing of it.
        seed: of the first try.
        unspoken: characters that the model cannot say, each once.
        occurrence: how many times its speaker said the same before in the script, in spoken form.
    """

    line: Line
    id: str
    voice: str
    tag: int
    parts: tuple[str, ...]
    seed: int
    unspoken: str = ""
    occurrence: int = 0

    @property
    def characters(self) -> int:
        """Characters to be spoken."""
        return sum(map(len, self.parts))


@dataclass(frozen=True)
class Chain:
    """The lines of one chapter of one script."""

    screenplay: Screenplay
    chapter: Chapter
    lines: tuple[PlannedLine, ...]

    @property
    def characters(self) -> int:
        """Characters to be spoken."""
        return sum(line.characters for line in self.lines)

    @property
    def seconds(self) -> float:
        """How long the speech should take, pauses left out."""
        return sum(expected_seconds(part) for line in self.lines for part in line.parts)


def plan_screenplay(
    screenplay: Screenplay,
    tags: Mapping[str, int],
    *,
    others: Mapping[tuple[str, str], int] | None = None,
    seed: int | None = None,
    max_characters: int = DEFAULT_MAX_CHARACTERS,
    chapters: frozenset[int] | None = None,
    alphabet: Container[str] | None = None,
    reader: Reader | None = None,
) -> list[Chain]:
    """Plan a script.

    Args:
        screenplay: the script.
        tags: speaker tag of every character (`cast_tags`).
        others: tags of lines in another voice than their character's (`line_tags`).
        seed: of everything that sets none; None: the script's, else 0. A chapter's own seed wins.
        max_characters: longest piece that the model reads well.
        chapters: numbers of the chapters wanted; None for all. Seeds do not depend on this choice.
        alphabet: characters that the model can say; None for any.
        reader: makes spoken text of what is written; None: that of the script's language, without a lexicon.
    """
    reader = reader or Reader(screenplay.language)
    said: Counter[tuple[str, str]] = Counter()
    written: Counter[tuple[str, str]] = Counter()
    names: set[str] = set()
    chains = []
    usual = seed if seed is not None else screenplay.seed or 0
    for chapter in screenplay.chapters:
        if screenplay.join_short:
            chapter = join_short_lines(chapter, max_characters)
        planned = []
        for line in chapter.lines:
            text = reader.spoken(line.text, line.speaker, chapter.number)
            occurrence = said[line.speaker, text]
            said[line.speaker, text] += 1
            name = _new_id(line, written, names)
            seed_of_line = line.seed
            if seed_of_line is None:
                base = usual if chapter.seed is None else chapter.seed
                seed_of_line = line_seed(base, line.speaker, text, occurrence)
            text, unspoken = (text, "") if alphabet is None else fold_to(text, alphabet)
            sounds = any(character.isalnum() for character in text)
            parts = tuple(split_text(text, max_characters)) if sounds else ()
            tag = (others or {}).get((line.speaker, line.voice), tags[line.speaker])
            planned.append(
                PlannedLine(line, name, line.voice, tag, parts, seed_of_line, unspoken, occurrence)
            )
        if chapters is None or chapter.number in chapters:
            chains.append(Chain(screenplay, chapter, tuple(planned)))
    return chains


def _new_id(line: Line, written: Counter[tuple[str, str]], names: set[str]) -> str:
    """The line's stable name; the rare one that is taken already makes way."""
    while True:
        name = line_id(line.speaker, line.text, written[line.speaker, line.text])
        written[line.speaker, line.text] += 1
        if name not in names:
            names.add(name)
            return name
