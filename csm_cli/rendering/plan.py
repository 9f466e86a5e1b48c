"""From screenplays to chains: who says what, in which voice, in pieces that the model reads well.

A chapter is a chain: its lines are spoken in order because each has the ones before as context. No model is
needed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace

from csm_cli.core.types import DEFAULT_MAX_CHARACTERS
from csm_cli.rendering.requests import RequestFactory
from csm_cli.script import Chapter, Item, Line, Screenplay
from csm_cli.takes import LineRequest
from csm_cli.takes.keys import line_id
from csm_cli.text import Normaliser, fold_to, split_text
from csm_cli.text.cues import Cue, find_cues, spoken_cues
from csm_cli.verify.codes import expected_seconds

SEED_LIMIT = 2**53
"""Every JSON reader keeps integers below it exactly: copied from timeline.json into a script, a seed gives
the same take again."""


def derive(*parts: int | str) -> int:
    """A seed in [0, 2**53) from `parts`; any change in any of them gives an unrelated one."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEED_LIMIT


def line_seed(script_seed: int, speaker: str, text: str, occurrence: int) -> int:
    """The seed of a line that sets none.

    Args:
        script_seed: of the whole script (`--seed`).
        speaker: the character.
        text: what is said, in spoken form.
        occurrence: how many times this speaker said exactly this before, from 0.
    """
    return derive(script_seed, speaker, text, occurrence)


def take_seed(seed: int, attempt: int) -> int:
    """The seed of try number `attempt` (from 0) at a line; the first try uses the line's own."""
    return derive(seed, "try", attempt) if attempt else seed


def part_seed(first_take: int, part: int) -> int:
    """The seed of part number `part` of a split line, from the seed of the take kept for its first part.

    Hence the one seed that the timeline states for a line gives all of its parts again.
    """
    return derive(first_take, "part", part) if part else first_take


SHORT_CHARACTERS = 12
"""Fewer than a second of speech: "Yes." comes out better as "Yes. Come in."."""


def join_short_lines(chapter: Chapter, most: int) -> Chapter:
    """`chapter` with very short lines joined to the line before or behind of the same speaker.

    Done if the script sets `join_short`, not unasked: a line that is inserted beside a short one would then
    change a take that is there already. Only neighbours that nothing sets apart: no pause, paragraph, sound,
    note, seed or other settings between them, and not the same words twice. A line that is joined keeps the
    id and place of the first.

    Args:
        chapter: as it stands in the script.
        most: characters of the longest line that may come of it.
    """
    items: list[Item] = []
    for item in chapter.items:
        last = items[-1] if items else None
        if isinstance(item, Line) and isinstance(last, Line) and _belong_together(last, item, most):
            items[-1] = replace(last, text=f"{last.text} {item.text}")
        else:
            items.append(item)
    return chapter if len(items) == len(chapter.items) else replace(chapter, items=tuple(items))


def _belong_together(first: Line, second: Line, most: int) -> bool:
    return (
        min(len(first.text), len(second.text)) < SHORT_CHARACTERS
        and len(first.text) + 1 + len(second.text) <= most
        and first.speaker == second.speaker
        and first.voice == second.voice
        and not second.new_paragraph
        and first.seed is second.seed is None
        and first.settings == second.settings
        and first.settings.pause_before is first.settings.pause_after is None
        and first.style == second.style
        and not second.notes
        and first.text != second.text
        and first.text[-1] in ".!?…\"”’'"
    )


@dataclass(frozen=True, eq=False)
class PlannedLine:
    """A line ready to be spoken; two are the same only if they are one object.

    Args:
        line: as it stands in the script.
        request: what it asks of the takes: its spoken form in parts, its voice, its seed. Without parts the
            model can say nothing of it.
        unspoken: characters that the model cannot say, each once.
        unread: figures and words of the text as written that its spoken form lacks, by `text.unread`.
    """

    line: Line
    request: LineRequest
    unspoken: str = ""
    unread: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its stable name, the same while other lines come, go or move."""
        return self.request.line

    @property
    def voice(self) -> str:
        """Name of the voice it is spoken in."""
        return self.line.voice

    @property
    def tag(self) -> int:
        """The model's speaker tag."""
        return self.request.voice.tag

    @property
    def parts(self) -> tuple[str, ...]:
        """Its spoken form, split."""
        return self.request.parts

    @property
    def seed(self) -> int:
        """Of the first try."""
        return self.request.seed

    @property
    def cues(self) -> tuple[Cue, ...]:
        """The directions in its text, whether the model can speak them or not."""
        return find_cues(self.line.text)

    @property
    def characters(self) -> int:
        """Characters to be spoken."""
        return sum(map(len, self.parts))

    @property
    def seconds(self) -> float:
        """How long it should take to speak."""
        return sum(map(expected_seconds, self.parts))


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
        return sum(line.seconds for line in self.lines)


def plan_screenplay(
    screenplay: Screenplay,
    tags: Mapping[str, int],
    *,
    others: Mapping[tuple[str, str], int] | None = None,
    seed: int | None = None,
    max_characters: int = DEFAULT_MAX_CHARACTERS,
    chapters: frozenset[int] | None = None,
    alphabet: Container[str] | None = None,
    cues: Collection[str] = (),
    normaliser: Normaliser | None = None,
    factory: RequestFactory | None = None,
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
        cues: such as "laughs", that the model can speak; others in a line are not spoken.
        normaliser: makes spoken text of what is written; None: that of the language, without a lexicon.
        factory: of requests; None: without a model.
    """
    normaliser = normaliser or Normaliser(screenplay.language)
    factory = factory or RequestFactory(screenplay.file_name, {})
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
            said_text = spoken_cues(line.text, cues)
            text = normaliser.normalise(said_text, line.speaker, chapter.number)
            unread = normaliser.unread(said_text, text, line.speaker, chapter.number)
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
            request = factory.request(line, name, tag, parts, seed_of_line, occurrence)
            planned.append(PlannedLine(line, request, unspoken, unread))
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
