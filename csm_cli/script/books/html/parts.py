"""What an element of a page is: a block, a heading, or a part that is not spoken; and the words in it."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from csm_cli.core.visible import left_out
from csm_cli.script.books import count_words
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.problems import Problems, Source
from csm_cli.script.sources import local_name, plain

APART = frozenset(["rt", "rtc", "rp"])
"""Elements whose words are counted by themselves."""


def words_of(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


BLOCKS = words_of(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre "
    "section summary table tbody td tfoot th thead tr ul"
)
"""Elements that begin and end a paragraph."""
_NEVER_BLOCKS = words_of("img br rt rtc rp rb ruby wbr")
SILENT = words_of("head script style template")
"""Elements without text of the book."""
_MEDIA = words_of("audio video object iframe embed applet canvas")
_NOTE_TYPES = words_of("footnote footnotes endnote endnotes rearnote rearnotes note")
_MARK_TYPES = words_of("noteref backlink annoref")
_PAGE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:page-?num(?:ber)?s?|page-?no|calibre_pagebreak|folio)(?:$|[\s_\d-])", re.IGNORECASE
)
_PAGE_TEXT = re.compile(r"[\[({]?\s*(?:pg|page|p)\.?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[\])}]?", re.IGNORECASE)
_RUNNING_CLASS = re.compile(
    r"(?:^|\s)(?:running-?_?(?:head|header|title|foot|footer)s?|runhead|page-?_?(?:header|footer))(?:$|\s)",
    re.IGNORECASE,
)
_NOTE_CLASS = re.compile(r"(?:^|[\s_-])(?:foot-?note|end-?note|rearnote|fn)s?(?:$|[\s_\d-])", re.IGNORECASE)
_MARK_CLASS = re.compile(r"note-?_?(?:ref|mark|anchor|back)|fn-?_?(?:ref|anchor)|backlink", re.IGNORECASE)
_CODE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:code|listing|program|programlisting|sourcecode|highlight)", re.IGNORECASE
)
_HEADING_CLASS = re.compile(
    r"(?:^|\s)(?:h([1-4])|chap(?:ter)?[-_]?(?:title|head|heading|name|number|num|no))(?:$|\s)", re.IGNORECASE
)
_FIRST = 20
_SCENE = re.compile(r"[*#~_=•⁂·–—\s-]{1,40}")


def epub_type(element: Any) -> list[str]:
    """The values of an element's epub:type and of its DPUB-ARIA role."""
    value = element.get("{http://www.idpf.org/2007/ops}type") or element.get("epub:type") or ""
    return [*value.lower().split(), *(element.get("role") or "").lower().replace("doc-", "").split()]


def is_block(element: Any, name: str, styles: Styles) -> bool:
    """Whether an element begins and ends a paragraph."""
    if name in BLOCKS:
        return True
    if name in _NEVER_BLOCKS:
        return False
    return styles.of(element).get("display", "") in ("block", "list-item", "table", "table-row")


def heading_level(element: Any, name: str) -> int:
    """The level of a heading, 1 to 6; 0 for another element."""
    if len(name) == 2 and name[0] == "h" and name[1] in "123456":
        return int(name[1])
    if (element.get("role") or "").lower() == "heading":
        level = element.get("aria-level") or "2"
        return int(level) if level in ("1", "2", "3", "4", "5", "6") else 6
    if name == "p" and (found := _HEADING_CLASS.search(element.get("class") or "")):
        return int(found[1]) if found[1] else 2
    return 0


def text_of(element: Any) -> str:
    """The text in an element, without that of scripts; pieces are not divided by spaces."""
    found: list[str] = []
    stack: list[tuple[Any, bool]] = [(element, False)]
    while stack:
        each, leaving = stack.pop()
        if leaving:
            if each is not element:
                found.append(each.tail or "")
            continue
        stack.append((each, True))
        name = local_name(each)
        if name and name not in SILENT:
            found.append(each.text or "")
            stack += [(child, False) for child in reversed(each)]
    return "".join(found)


_LICENCE_IDS = frozenset(["pg-header", "pg-footer", "pg-machine-header"])
"""Of Project Gutenberg's frame around a book."""


def left_out_kind(element: Any, name: str, styles: Styles) -> str:
    """What kind of part that is not spoken an element is, such as "hidden text"; "" if it is spoken."""
    kinds = epub_type(element)
    classes = element.get("class") or ""
    if _is_hidden(element, name, styles) and not is_note(element, name):
        return "hidden text"  # a note may be hidden until its mark is touched
    if "pg-boilerplate" in classes or (element.get("id") or "") in _LICENCE_IDS:
        return "licence"
    if "pagebreak" in kinds or (classes and _PAGE_CLASS.search(classes)):
        return "page number"
    if name in ("span", "a", "small") and not element.get("href"):
        text = short_text(element, 20) if len(element) < 3 else None
        if text and _PAGE_TEXT.fullmatch(text.strip()):
            return "page number"
    if classes and _RUNNING_CLASS.search(classes):
        return "running head"
    if name == "nav":
        return "page list" if "page-list" in kinds else "contents"
    if name == "svg":
        return "picture"
    if name == "math":
        return "formula"
    if name in _MEDIA:
        return "sound or film"
    if name == "case":
        return "other form of the text"  # epub:switch, which has a default too
    return "code" if name == "pre" and _is_code(element, classes) else ""


def _is_code(element: Any, classes: str) -> bool:
    return bool(_CODE_CLASS.search(classes)) or any(
        local_name(each) == "code" for each in islice(element.iter(), _FIRST)
    )


def short_text(element: Any, most: int) -> str | None:
    """The text of an element; None if it is longer than `most` characters."""
    size = 0
    for text in element.itertext():
        size += len(text)
        if size > most:
            return None
    return text_of(element)


def _is_hidden(element: Any, name: str, styles: Styles) -> bool:
    hidden = element.get("hidden")
    if hidden is not None and hidden.lower() != "false":
        return True
    if (element.get("aria-hidden") or "").lower() == "true":
        text = (short_text(element, 40) or "").strip()
        # The first letter of a word that goes on behind it is seen alone, not hidden.
        letter = len(text) == 1 and text.isalpha() and (element.tail or "")[:1].islower()
        return not letter and not (text and _SCENE.fullmatch(text)) and name not in ("hr", "br", "body")
    style = styles.of(element)
    return style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse")


def is_note(element: Any, name: str) -> bool:
    """Whether an element is, or encloses, texts of notes."""
    if _NOTE_TYPES & set(epub_type(element)):
        return name not in ("a", "sup", "body", "html")
    classes = element.get("class") or ""
    return bool(
        classes
        and name not in ("a", "sup", "span", "body", "html")
        and _NOTE_CLASS.search(classes)
        and not _MARK_CLASS.search(classes)
    )


def is_marked_note_link(element: Any) -> bool:
    """Whether type or class of an element say that it is the mark of a note, or leads back to one."""
    if _MARK_TYPES & set(epub_type(element)):
        return True
    return bool(_MARK_CLASS.search(element.get("class") or ""))


def note_refused(root: Any, place: str, problems: Problems) -> None:
    """Warn once of the characters of a page that no text may hold; `plain` leaves them out."""
    if what := left_out("".join(root.itertext())):
        problems.add(Source(place, 1, 1), what, "warning")


def words_in(element: Any, styles: Styles) -> int:
    """The number of words in an element: all text that can be seen or heard, of pictures what `alt` says.

    Blocks and line breaks divide words; what is said of pictures and readings of ruby are counted apart.
    """
    total, parts = 0, list[str]()
    apart: list[list[str]] = []
    stack: list[tuple[Any, bool]] = [(element, False)]
    while stack:
        each, leaving = stack.pop()
        name = local_name(each)
        divides = bool(name) and (name == "br" or is_block(each, name, styles))
        if divides and not apart:
            total += count_words(plain("".join(parts)))
            parts = []
        if leaving and name in APART and len(apart) == 1:
            total += count_words(plain("".join(apart.pop())))
        elif leaving and name in APART:
            apart.pop()
        if not leaving and name and name not in SILENT:
            if name in APART:
                apart.append(apart[0] if apart else [])
            if name == "img":
                total += count_words(plain(each.get("alt") or ""))
            (apart[0] if apart else parts).append(each.text or "")
            stack.append((each, True))
            stack += [(child, False) for child in reversed(each)]
        elif each is not element:
            (apart[0] if apart else parts).append(each.tail or "")
    return total + count_words(plain("".join(parts)))
