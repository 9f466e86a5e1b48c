"""Chapters that a script does not write out: opening and closing credits, and spoken chapter titles."""

from __future__ import annotations

from dataclasses import replace

from csm_cli.audio.timeline import Role
from csm_cli.core.errors import UsageError
from csm_cli.delivery.book import Book
from csm_cli.script import NARRATOR, Chapter, Line, Screenplay
from csm_cli.script.document import Settings

TITLE_ID = "title"


def with_credits(play: Screenplay, book: Book) -> Screenplay:
    """The script with opening credits, as chapter 0, and closing ones, after its last chapter.

    Args:
        book: whose title, subtitle, author, translator, narrator, publisher and copyright they name.

    Raises:
        UsageError: the script is not in English.
    """
    if not play.language.lower().startswith("en"):
        raise UsageError(
            f"there are no credits in {play.language!r}",
            where="--credits",
            remedy="write them as the first and last chapter of the script",
        )
    by = [f"Written by {sentence(book.author)}"] if book.author else []
    by += [f"Translated by {sentence(book.translator)}"] if book.translator else []
    by += [f"Narrated by {sentence(book.narrator or 'artificial voices')}"]
    opening = [sentence(book.title), *([sentence(book.subtitle)] if book.subtitle else []), *by]
    closing = [f"This has been {sentence(book.title)}", *by]
    closing += [f"Published by {sentence(book.publisher)}"] if book.publisher else []
    closing += [f"Copyright {sentence(book.copyright.lstrip('©(c) '))}"] if book.copyright else []
    first, last = play.chapters[0], play.chapters[-1]
    return replace(
        play,
        chapters=(
            _chapter(play, 0, "Opening credits", opening, first),
            *play.chapters,
            _chapter(play, last.number + 1, "Closing credits", [*closing, "The end."], last),
        ),
    )


def with_titles(play: Screenplay) -> Screenplay:
    """The script with the title of each chapter as its first line; made-up titles are not spoken."""
    return replace(play, chapters=tuple(_titled(play, chapter) for chapter in play.chapters))


def is_title(line: Line) -> bool:
    """Whether a line is a chapter's title that `with_titles` put there."""
    return line.id.endswith(f"-{TITLE_ID}")


def role_of(play: Screenplay, chapter: Chapter) -> Role:
    """What a chapter is: credits come in pairs, and only opening ones have the number 0."""
    if play.chapters[0].number != 0 or chapter.number not in (0, play.chapters[-1].number):
        return "chapter"
    return "opening credits" if chapter.number == 0 else "closing credits"


def chapters_of(play: Screenplay) -> int:
    """How many chapters the book has, credits not counted."""
    return sum(role_of(play, chapter) == "chapter" for chapter in play.chapters)


def sentence(text: str) -> str:
    """A title as something that is said: with a full stop, unless it ends in a mark of its own."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text}."


def _chapter(play: Screenplay, number: int, title: str, texts: list[str], near: Chapter) -> Chapter:
    bare = Chapter(number, title, (), near.source)
    lines = tuple(
        _line(play, bare, f"c{number:02d}-l{place:03d}", text) for place, text in enumerate(texts, 1)
    )
    return replace(bare, items=lines)


def _titled(play: Screenplay, chapter: Chapter) -> Chapter:
    if chapter.untitled or role_of(play, chapter) != "chapter":
        return chapter
    line = _line(play, chapter, f"c{chapter.number:02d}-{TITLE_ID}", sentence(chapter.title))
    return replace(chapter, items=(line, *chapter.items))


def _line(play: Screenplay, chapter: Chapter, name: str, text: str) -> Line:
    """Said by the narrator or, where there is none, by whoever is declared first."""
    speaker = NARRATOR if NARRATOR in play.cast else next(iter(play.cast))
    voice = play.cast_voice(chapter, speaker)
    settings = Settings(speed=play.inherited(chapter, speaker).speed)
    return Line(name, speaker, text, chapter.source, None, True, voice, settings=settings)
