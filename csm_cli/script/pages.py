"""Pages of books in (X)HTML: as paragraphs, headings and breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from csm_cli.script.books import LeftOut, ReadingOptions
from csm_cli.script.sources import local_name, plain

Kind = Literal["paragraph", "heading", "break", "anchor"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _words(
    "address article aside blockquote body caption center dd details div dl dt figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section table tbody td "
    "tfoot th thead tr ul"
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SILENT = frozenset(
    ["head", "script", "style", "template", "rt", "rp", "svg", "math", "audio", "video", "nav"]
)
_NOTES = _words(
    "noteref footnote footnotes endnote endnotes rearnote rearnotes note backlink pagebreak page-list"
)
_NOTE_CLASSES = ("footnote", "endnote", "noteref", "fnref", "pagenum", "pageno", "calibre_pagebreak")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page: its text with white space collapsed, and its first row in the file.

    `level` of a heading is 1 to 6. The text of an anchor is its id, a target of the table of contents.
    """

    kind: Kind
    text: str
    row: int
    level: int = 0


def read_page(root: Any, place: str, options: ReadingOptions, left_out: list[LeftOut]) -> Iterator[Block]:
    """The blocks of a parsed page, in order.

    Args:
        root: of the page.
        place: the page's file, for `left_out`.
        options: what is read.
        left_out: receives what is not.
    """
    yield from _Walk().walk(root)


class _Walk:
    """Traverses the tree without recursion; `_parts` is the text of the open block."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._row = 1
        self._heading = 0

    def walk(self, root: Any) -> Iterator[Block]:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            name = local_name(element)
            if leaving:
                if name in _BLOCKS:
                    yield from self._close()
                    self._heading = 0
                self._text(element.tail)
                continue
            if not name or name in _SILENT or _is_note(element, name):
                self._text(element.tail)
                continue
            if name in _BLOCKS:
                yield from self._close()
                self._row = element.sourceline or self._row
                self._heading = int(name[1]) if name in _HEADINGS else self._heading
            if identity := element.get("id") or (element.get("name") if name == "a" else None):
                yield Block("anchor", identity, element.sourceline or self._row)
            if name == "hr":
                yield Block("break", "", self._row)
            elif name == "br":
                self._parts.append("\n")
            self._text(element.text)
            stack.append((element, True))
            stack += [(child, False) for child in reversed(element)]
        yield from self._close()

    def _text(self, text: str | None) -> None:
        if text:
            self._parts.append(text)

    def _close(self) -> Iterator[Block]:
        text = plain("".join(self._parts))
        self._parts = []
        if text:
            yield Block("heading" if self._heading else "paragraph", text, self._row, self._heading)


def _is_note(element: Any, name: str) -> bool:
    if _NOTES & set(epub_type(element)):
        return True
    classes = (element.get("class") or "").lower()
    if classes and any(mark in classes for mark in _NOTE_CLASSES):
        return True
    if name not in ("sup", "a"):
        return False
    # A superscript that is a link is a footnote's mark, even without a type or class.
    inner = "".join(element.itertext()).strip("[]()*†‡ \n\t")
    links = element if name == "a" else next((e for e in element.iter() if local_name(e) == "a"), None)
    raised = name == "sup" or any(local_name(e) == "sup" for e in element.iter())
    return raised and links is not None and bool(links.get("href")) and (inner.isdigit() or len(inner) <= 1)


def epub_type(element: Any) -> list[str]:
    """The values of an element's epub:type and of its DPUB-ARIA role."""
    value = element.get("{http://www.idpf.org/2007/ops}type") or element.get("epub:type") or ""
    return [*value.lower().split(), *(element.get("role") or "").lower().replace("doc-", "").split()]
