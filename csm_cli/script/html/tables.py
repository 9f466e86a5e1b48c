"""Tables: of data, read row by row, or for layout, read as paragraphs."""

from __future__ import annotations

from typing import Any

from csm_cli.script.sources import local_name

CELL = "\ue002"
"""Stands between two cells of a row until the row is complete."""
_PARAGRAPHS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote", "pre"])
_LONGEST_CELL = 400


def is_data(table: Any) -> bool:
    """Whether a table has several cells in a row, and none with more than a paragraph."""
    widest = cells = paragraphs = 0
    for element in table.iter():
        name = local_name(element)
        if name in _PARAGRAPHS and element is not table:
            return False
        if name == "tr":
            cells = 0
        elif name in ("td", "th"):
            cells, paragraphs = cells + 1, 0
            if _is_long(element):
                return False
        elif name in ("p", "div"):
            paragraphs += 1
            if paragraphs > 2:
                return False
        widest = max(widest, cells)
    return widest > 1


def _is_long(cell: Any) -> bool:
    size = 0
    for text in cell.itertext():
        size += len(text)
        if size > _LONGEST_CELL:
            return True
    return False


def row_text(cells: list[str]) -> str:
    """The cells of a row as one text, divided by commas, or by semicolons if they have commas."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    comma = "; " if any("," in cell for cell in filled) else ", "
    return "".join(
        cell + ("" if last else (" " if cell[-1] in ".,;:!?" else comma))
        for cell, last in zip(filled, [*[False] * (len(filled) - 1), True], strict=False)
    )
