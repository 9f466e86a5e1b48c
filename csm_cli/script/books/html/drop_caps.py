"""First letters that stand apart from their word: in an element, a picture or a block of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from csm_cli.core.visible import without_refused
from csm_cli.script.books.html.parts import SILENT, heading_level, is_block, text_of, words_of
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.sources import local_name

_QUOTES = r"[\"'“”‘’«»„¿¡(\[—–\s-]"
_LETTER = re.compile(rf"{_QUOTES}*([^\W\d_])")
_OPENING = re.compile(rf"{_QUOTES}*")
_PICTURED = re.compile(
    r"(?:(?:illuminated|illustrated|decorated|decorative|ornate|ornamental|drop|dropped|cap|initial|capital|large"
    r"|big|the|letter)[ :,-]{1,3}){0,5}([\"'“‘«„]?[^\W\d_])(?: drop ?cap| initial)?",
    re.IGNORECASE,
)
_FILE = re.compile(r"(?:^|[/_-])([^\W\d_])\.(?:png|jpe?g|gif|svg|webp)$", re.IGNORECASE)
_CLASS = re.compile(
    r"drop|initial|versal|lettrine|(?:^|[\s_-])(?:dc|cap|caps|first-?letter)(?:$|[\s\d_-])", re.IGNORECASE
)
_REST = re.compile(r"[^\W\d_]+")
# Words of one letter, which need not be the beginning of the next.
_WORDS = frozenset("aio")
_NUMERALS = frozenset("ivxlcdmao")
_RESTS = words_of(
    "fter ll lthough nd ny s t gainst mong nother re bove lmost lready lways nna pril ugust unt "
    "n f ts nto nside nstead ndeed nn nce ne nly ur ut ther r ften utside ld ver"
)
"""What frequent words are without a first letter A, I or O, and what is no word, or none of prose."""
_ABOVE = 3


@dataclass(slots=True)
class _Slot:
    """A piece of text of a page: the text or the tail of an element, or the letter that a picture shows.

    `fresh`: a paragraph begins with it.
    """

    element: Any
    part: str
    fresh: bool
    heading: bool

    @property
    def text(self) -> str:
        if self.part == "alt":
            return _pictured(self.element)
        return str(getattr(self.element, self.part))

    def set(self, text: str) -> None:
        if self.part == "alt":
            self.element.tag = "span"
        else:
            setattr(self.element, self.part, without_refused(text, " "))

    @property
    def alone(self) -> bool:
        """Whether nothing else is in its element."""
        return self.part == "alt" or (self.part == "text" and not len(self.element))


def join_drop_caps(root: Any, styles: Styles) -> None:
    """Join first letters with the rest of their words, in the tree."""
    joiner = _Joiner(root, styles)
    for slot in list(_slots(root, styles)):
        joiner.add(slot)


class _Joiner:
    def __init__(self, root: Any, styles: Styles):
        self._root, self._styles = root, styles
        self._letter: _Slot | None = None  # at the beginning of a paragraph
        self._between: list[_Slot] = []  # white space behind it
        self._opening = True  # nothing but quotation marks has been seen in this paragraph
        self._words: frozenset[str] = frozenset()

    def add(self, slot: _Slot) -> None:
        text = slot.text
        if not text.strip():
            self._between.append(slot)
            return
        self._opening = self._opening or slot.fresh
        if self._letter and self._glue(self._letter, slot):
            self._letter, self._opening = None, False
        else:
            one = self._opening and not slot.heading and slot.alone and _LETTER.fullmatch(text.strip())
            self._letter = slot if one else None
            self._opening = self._opening and bool(_OPENING.fullmatch(text))
        self._between = []

    def _glue(self, letter: _Slot, slot: _Slot) -> bool:
        text = slot.text
        rest = _REST.match(text.lstrip())
        spaced = bool(self._between) or text[0].isspace() or letter.text[-1].isspace()
        if not rest or slot.heading or slot.part == "alt":
            return False
        if not (slot.fresh or spaced or letter.part == "alt"):
            return False  # it stands before its word already
        initial, word = letter.text.strip()[-1].casefold(), rest[0]
        capitals = word.isupper() and (len(word) > 1 or not word.islower())
        if not (word[0].islower() or capitals):
            return False
        marked = letter.part == "alt" or self._is_marked(letter.element)
        above = capitals and initial in _NUMERALS
        if not marked and (letter.text.strip()[-1].islower() or (slot.fresh and _in_cell(letter.element))):
            return False
        if slot.fresh and not marked and (above or word[0].casefold() == initial):
            return False  # a letter above a list, or a number of a chapter
        space = ""
        by_file = letter.part == "alt" and not (letter.element.get("alt") or letter.element.get("title"))
        if by_file and (slot.fresh or spaced or capitals):
            return False
        if (
            initial in _WORDS
            and (spaced or slot.fresh or by_file)
            and not self._is_rest(initial, word.casefold())
        ):
            if by_file or not (marked and (slot.fresh or letter.part == "alt")):
                return False
            space = " "
        slot.set(letter.text.strip() + space + text.lstrip())
        letter.set("")
        for each in self._between:
            each.set("")
        return True

    def _is_rest(self, initial: str, word: str) -> bool:
        """Whether `word` is the rest of a word that begins with `initial`, and no word by itself."""
        if word in _RESTS or not set(word) & set("aeiouyàâäéèêëíïîóôöúûü"):
            return True
        self._words = self._words or frozenset(_REST.findall(" ".join(self._root.itertext()).casefold()))
        return initial + word in self._words

    def _is_marked(self, element: Any) -> bool:
        """Whether class or style of an element, or of one around it, say that it is a drop cap."""
        text = element.text.strip()
        for _ in range(_ABOVE):
            if _CLASS.search(element.get("class") or "") or self._styles.of(element).get("float") == "left":
                return True
            by_itself = element.getnext() is None and element.getprevious() is None
            element = element.getparent()
            if element is None or not by_itself or text_of(element).strip() != text:
                break
        return False


def _in_cell(element: Any) -> bool:
    """Whether an element is in a cell of a table."""
    ancestors = (element, *islice(element.iterancestors(), _ABOVE))
    return any(local_name(each) in ("td", "th") for each in ancestors)


def _pictured(image: Any) -> str:
    """The letter that a picture shows, by its description, or by its file's name if it has none; or ""."""
    alt = (image.get("alt") or image.get("title") or "").strip()
    if alt:
        found = _PICTURED.fullmatch(alt) if len(alt) < 60 else None
        return found[1] if found else ""
    found = _FILE.search((image.get("src") or "")[-40:])
    return found[1].upper() if found else ""


def _slots(root: Any, styles: Styles) -> Iterator[_Slot]:
    """The pieces of text in order."""
    fresh, heading = True, 0
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        element, leaving = stack.pop()
        name = local_name(element)
        divides = bool(name) and (name in ("br", "hr") or is_block(element, name, styles))
        if leaving:
            fresh = fresh or divides
            heading -= bool(heading_level(element, name))
        elif name and name not in SILENT:
            fresh = fresh or divides
            heading += bool(heading_level(element, name))
            if name in ("img", "image") and _pictured(element):
                yield _Slot(element, "alt", fresh, bool(heading))
                fresh = False
            stack.append((element, True))
            stack += [(child, False) for child in reversed(element)]
            if element.text:
                yield _Slot(element, "text", fresh, bool(heading))
                fresh = fresh and not element.text.strip()
            continue
        if element is not root and element.tail:
            yield _Slot(element, "tail", fresh, bool(heading))
            fresh = fresh and not element.tail.strip()
