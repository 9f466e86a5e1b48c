"""An HTML tree that readers of other documents build, for `book_from_page`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.books import LeftOut, count_words
from csm_cli.script.sources import CONTROL, plain

if TYPE_CHECKING:
    from lxml.etree import _Element

TITLE = "csm-title"
"""Class of what a document calls its title; of several, each begins a chapter."""
TITLE_PAGE = "csm-title-page"
"""Class of what else stands on a title page."""
_MOST_ROW = 65_535
"""lxml keeps rows in 16 bits."""
_BEGINNING = 60
MAX_DOCUMENT_BYTES = 32 * 2**20
"""Of the XML of a document, unpacked."""
MAX_ELEMENTS = 1_000_000
"""Paragraphs and the like of a document."""


class PageTree:
    """A page under construction, and what of the document has no place in it.

    Args:
        place: of the document, for messages.
        root: of a page that is there already.
    """

    def __init__(self, place: str, root: _Element | None = None):
        from lxml import etree

        self._etree = etree
        self._place = place
        self.root = etree.Element("html") if root is None else root
        self._open = [etree.SubElement(self.root, "body") if root is None else root]
        self.left_out: list[LeftOut] = []
        self._elements = 0

    def start(self, name: str, row: int, **attributes: str) -> _Element:
        """Open an element of the document's row `row` and return it; `kind` is its class."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise ScriptError([f"{self._place}: error: has more than {MAX_ELEMENTS} paragraphs and parts"])
        element = self._etree.SubElement(self._open[-1], name)
        element.sourceline = min(max(row, 1), _MOST_ROW)
        for key, value in attributes.items():
            element.set("class" if key == "kind" else key, plain(value))
        self._open.append(element)
        return element

    def end(self, number: int = 1) -> None:
        """Close the elements that were opened last."""
        del self._open[len(self._open) - number :]

    def add(self, name: str, text: str, row: int, **attributes: str) -> None:
        """Add a whole element."""
        self.start(name, row, **attributes)
        self.text(text)
        self.end()

    def text(self, text: str) -> None:
        """Add text to the open element. Control characters, which lxml refuses, become spaces."""
        if not text:
            return
        text = CONTROL.sub(" ", text)
        element = self._open[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def leave_out(self, what: str, row: int, text: str) -> None:
        """Note a part of the document that the page does not have; one without words is not worth it."""
        text = plain(text)
        if words := count_words(text):
            self.left_out.append(LeftOut(what, f"{self._place}:{row}", words, text[:_BEGINNING]))


def attribute(element: _Element, name: str) -> str:
    """The value of an attribute, whatever its namespace; "" if there is none."""
    for key, value in element.items():
        if key.rpartition("}")[2] == name:
            return value
    return ""


def value_of(element: _Element | None, name: str) -> str:
    """The `val` of the child called `name`, as properties have it in Word documents; "" if there is none."""
    child = element.find(f"{{*}}{name}") if element is not None else None
    return attribute(child, "val") if child is not None else ""


def take_out(element: _Element) -> None:
    """Take an element out of its page, but not the text behind it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = CONTROL.sub(" ", (before.tail or "") + (element.tail or ""))
    else:
        parent.text = CONTROL.sub(" ", (parent.text or "") + (element.tail or ""))
    parent.remove(element)
