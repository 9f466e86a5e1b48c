"""A book of any format as a screenplay to be written as a script; who speaks a quotation is guessed."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.script.document import NARRATOR, CastMember, Chapter, Item, Line, Screenplay
from csm_cli.script.reader import check_screenplay, format_of, reading_of
from csm_cli.script.readers.xml import words

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
_NO_NAMES = words(
    "He She It They We I You The A An And But Then When As So That This There Nobody Somebody "
    "Everybody Someone Everyone What Who Why How Where Now At In On For With His Her Their My Our"
)
_TURNS = 2


@dataclass(frozen=True)
class Guesses:
    """A screenplay with its quotations given to characters.

    Args:
        quotes: quotations found.
        guessed: of these, those that have a speaker now.
    """

    screenplay: Screenplay
    quotes: int
    guessed: int


def guess_speakers(play: Screenplay) -> Guesses:
    """Give the quotations in the narrator's lines to those who probably speak them."""
    names: Counter[str] = Counter()
    for line in play.lines:
        for found in (*_SAID_NAME.finditer(line.text), *_NAME_SAID.finditer(line.text)):
            if _is_name(found["name"]):
                names[found["name"]] += 1
    known = frozenset(names)
    quotes = guessed = 0
    chapters = []
    cast = dict(play.cast)
    for chapter in play.chapters:
        guesser = _Guesser(known)
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
    """Goes through the paragraphs of a chapter and remembers whose turn it was."""

    def __init__(self, names: frozenset[str]):
        self._names = names
        self._turns: list[str] = []
        self.quotes = self.guessed = 0

    def forget(self) -> None:
        """A scene ends, and with it the dialogue."""
        self._turns = []

    def split(self, line: Line) -> list[Line]:
        """The paragraph, cut where its quotations begin and end."""
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
        return self._turns[-_TURNS]  # nothing but quotation: the other one's turn


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


@dataclass(frozen=True)
class Imported:
    """A book as read.

    Args:
        cover: where its cover image should go, and its bytes; or None.
        skipped: what was left out of an e-book.
        quotes: quotations in it, if speakers were to be guessed.
        guessed: those that were given to a speaker.
    """

    screenplay: Screenplay
    cover: tuple[Path, bytes] | None = None
    skipped: tuple[str, ...] = ()
    quotes: int = 0
    guessed: int = 0


def import_book(
    path: Path,
    format: str | None,
    output: Path,
    *,
    encoding: str = "utf-8",
    front_matter: bool = False,
    guess: bool = False,
) -> Imported:
    """Read a book.

    Args:
        path: of the book.
        format: one of `FORMATS`; None: by the ending.
        output: where the script will be written: a cover goes beside it.
        encoding: of a text file.
        front_matter: keep title pages and the like.
        guess: give quotations to their probable speakers.

    Raises:
        ScriptError: with every problem.
        UsageError: there is no such encoding.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}", where="--encoding", remedy="name one such as utf-8 or cp1252"
        ) from None
    if format_of(path, format) == "epub":
        found = _import_epub(path, output, front_matter)
    else:
        play, problems = check_screenplay(path, format, expand=False, encoding=encoding)
        problems.check()
        assert play is not None
        found = Imported(play)
    # The script gets another name than the book.
    found = replace(found, screenplay=replace(found.screenplay, untitled=False))
    if not guess:
        return found
    guesses = guess_speakers(found.screenplay)
    return replace(found, screenplay=guesses.screenplay, quotes=guesses.quotes, guessed=guesses.guessed)


def _import_epub(path: Path, output: Path, front_matter: bool) -> Imported:
    from csm_cli.script.readers.epub import read_epub

    reading = reading_of(path)
    book = read_epub(path, reading, front_matter=front_matter)
    reading.problems.check()
    if book.cover is None or str(output) == "-":
        return Imported(book.screenplay, skipped=book.skipped)
    data, ending = book.cover
    cover = output.with_name(f"{output.stem}-cover{ending}")
    metadata = {**book.screenplay.metadata, "cover": cover.name}
    return Imported(replace(book.screenplay, metadata=metadata), (cover, data), book.skipped)
