"""Who says the quotations of a book: speakers found from what stands beside them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from csm_cli.script.document import NARRATOR, CastMember, Chapter, Item, Line, Screenplay

_QUOTE = re.compile(r"(?<!\S)[(\[]?(?:“[^“”]*(?:”|$)|\"[^\"]*(?:\"|$)|«[^«»]*(?:»|$))[.,;:!?…—–-]*(?!\S)")
_VERBS = (
    "said|says|asked|asks|replied|replies|answered|answers|cried|cries|called|shouted|whispered|murmured|muttered"
    "|added|began|continued|went on|exclaimed|explained|insisted|laughed|sighed|snapped|growled|hissed"
    "|repeated|returned|remarked|observed|told|thought|agreed|admitted|announced|declared|demanded|interrupted|protested"
    "|screamed|yelled|groaned|gasped|warned|wondered|breathed|put in|cut in"
)
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord|Captain|Uncle|Aunt|Old|Father|Mother|Professor)\.?\s+)"
_NAME = rf"(?P<name>{_TITLE}?[A-Z][\w’'-]*[\w](?:\s+[A-Z][\w’'-]+)?)"
_SAID_NAME = re.compile(rf"\b(?:{_VERBS})\s+{_NAME}(?![\w])")
_NAME_SAID = re.compile(rf"(?:^|[\s,;.—]){_NAME}(?:,[^,.;“\"]{{1,40}},)?\s+(?:\w+ly\s+)?(?:{_VERBS})\b")
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "He She It They We I You The A An And But Then When As So That This There Nobody Somebody "
        "Everybody Someone Everyone What Who Why How Where Now At In On For With His Her Their My Our",
    )
)
_TURNS = 2


@dataclass(frozen=True)
class Guesses:
    """A screenplay with quotations assigned to speakers.

    Args:
        quotes: number of quotations.
        guessed: number of those that were assigned.
    """

    screenplay: Screenplay
    quotes: int
    guessed: int


def guess_speakers(play: Screenplay) -> Guesses:
    """Assign the quotations in the narrator's lines to their probable speakers."""
    names: Counter[str] = Counter()
    for line in play.lines:
        for found in (*_SAID_NAME.finditer(line.text), *_NAME_SAID.finditer(line.text)):
            if _is_name(found["name"]):
                names[found["name"]] += 1
    quotes = guessed = 0
    chapters = []
    cast = dict(play.cast)
    for chapter in play.chapters:
        guesser = _Guesser(frozenset(names))
        items: list[Item] = []
        for item in chapter.items:
            if isinstance(item, Line) and item.speaker == NARRATOR:
                items += guesser.split(item)
            else:
                items.append(item)
                guesser.forget()
        quotes, guessed = quotes + guesser.quotes, guessed + guesser.guessed
        chapters.append(_numbered(replace(chapter, items=tuple(items))))
        for item in items:
            if isinstance(item, Line) and item.speaker not in cast:
                cast[item.speaker] = CastMember(item.speaker, "", None, item.source)
    return Guesses(replace(play, chapters=tuple(chapters), cast=cast), quotes, guessed)


class _Guesser:
    """Guesses the speakers of a chapter, paragraph by paragraph; `_turns` are the last two speakers."""

    def __init__(self, names: frozenset[str]):
        self._names = names
        self._turns: list[str] = []
        self.quotes = self.guessed = 0

    def forget(self) -> None:
        """End the dialogue: the next quotation continues none."""
        self._turns = []

    def split(self, line: Line) -> list[Line]:
        """The paragraph, divided into narration and quotations; unchanged if no speaker is found."""
        spans = [match.span() for match in _QUOTE.finditer(line.text)]
        if not spans:
            if len(line.text) > 300:
                self.forget()
            return [line]
        self.quotes += len(spans)
        speaker = self._speaker(line.text, spans)
        if speaker is None:
            self.forget()
            return [line]
        self.guessed += len(spans)
        if not self._turns or self._turns[-1] != speaker:
            self._turns = [*self._turns, speaker][-_TURNS:]
        pieces: list[tuple[str, str]] = []
        at = 0
        for start, end in [*spans, (len(line.text), len(line.text))]:
            for who, text in ((NARRATOR, line.text[at:start]), (speaker, line.text[start:end])):
                if text.strip():
                    pieces.append((who, text.strip()))
            at = end
        if not all(any(map(str.isalnum, text)) for _, text in pieces):
            return [line]
        return [
            replace(line, speaker=who, text=text, voice="", new_paragraph=line.new_paragraph and not number)
            for number, (who, text) in enumerate(pieces)
        ]

    def _speaker(self, text: str, spans: list[tuple[int, int]]) -> str | None:
        around = (
            "".join(
                char if not any(start <= at < end for start, end in spans) else " "
                for at, char in enumerate(text)
            )
            if len(text) < 20_000
            else ""
        )
        for pattern in (_SAID_NAME, _NAME_SAID):
            for found in pattern.finditer(around):
                if _is_name(found["name"]):
                    return found["name"]
        acting = next((name for name in self._names if around.lstrip().startswith(f"{name} ")), None)
        if acting:
            return acting
        if around.strip() or len(self._turns) < _TURNS:
            return None
        return self._turns[-_TURNS]  # a paragraph of quotation alone: the speakers alternate


def _is_name(name: str) -> bool:
    return name.split()[0] not in _NO_NAMES


def _numbered(chapter: Chapter) -> Chapter:
    items: list[Item] = []
    count = 0
    for item in chapter.items:
        if isinstance(item, Line):
            count += 1
            item = replace(item, id=f"c{chapter.number:02d}-l{count:03d}")
        items.append(item)
    return replace(chapter, items=tuple(items))
