"""Elements that may be marks of notes: links whose text is a number or a sign, and raised text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from csm_cli.script.html.paragraphs import Mark
from csm_cli.script.html.parts import is_marked_note_link, short_text
from csm_cli.script.html.raised import is_raised, read_raised
from csm_cli.script.html.styles import Styles
from csm_cli.script.sources import local_name, plain

_LABEL = re.compile(
    r"[\[({]?\s?(?:note\s|n\.?\s)?(?:\d{1,4}|[a-z]|[ivxlc]{1,6}|[*†‡§¶#]{1,4}|[↩↑⇑^←⏎▲↵]{1,2}\ufe0e?)\s?[\])}]?[.:]?",
    re.IGNORECASE,
)
_BARE = re.compile(r"[\[\](){}\s.:]|note\s|n\.?\s", re.IGNORECASE)
_LONGEST = 12


class MarkText(NamedTuple):
    """The text of an element, and the mark that it may be."""

    text: str
    mark: Mark | None


def read_mark(element: Any, name: str, before: str, styles: Styles) -> MarkText | None:
    """What a raised element, or a link with the text of a mark, is; None: it is neither.

    Args:
        element: the element; `name` without its namespace.
        before: the text before it in its paragraph.
        styles: of the page.
    """
    raised = is_raised(element, name, styles)
    link = _link_of(element, name, raised)
    if not raised and link is None:
        return None
    text = short_text(element, 4 * _LONGEST) or ""
    inner = plain(text)
    if not inner or len(inner) > _LONGEST:
        return None
    target = (link.get("href") or "") if link is not None else ""
    label = _BARE.sub("", inner) if _LABEL.fullmatch(inner) else ""
    typed = is_marked_note_link(element) or (link is not None and is_marked_note_link(link))
    if typed or (label and target):
        glued = bool(before) and not before[-1].isspace() and before[-1] not in "(§#"
        sure = typed or (raised and bool(before.strip())) or inner[0] in "[{"
        return MarkText(text, Mark(0, 0, "link", label or inner, target, sure, glued))
    if not raised or target:
        return None
    written = read_raised(before, inner, (element.tail or "")[:_LONGEST])
    if written.is_mark:
        return MarkText(text, Mark(0, 0, "raised", label or inner, "", True, bool(before.strip())))
    if written.text != inner:
        return MarkText(written.text, Mark(0, 0, "power", label))
    return MarkText(inner, None)


def _link_of(element: Any, name: str, raised: bool) -> Any:
    """The link that an element is, or that is in a raised element."""
    if name == "a":
        return element if element.get("href") or is_marked_note_link(element) else None
    if raised or is_marked_note_link(element):
        return next((each for each in element.iter() if local_name(each) == "a" and each.get("href")), None)
    return None
