"""Elements that may be marks of notes: links whose text is a number or a sign, and raised text."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, NamedTuple

from csm_cli.script.html.paragraphs import Mark
from csm_cli.script.html.parts import is_block, is_marked_note_link, left_out_kind, short_text
from csm_cli.script.html.raised import is_raised, read_raised
from csm_cli.script.html.styles import Styles
from csm_cli.script.sources import local_name, plain

_LABEL = re.compile(
    r"[\[({]?\s?(?:note\s|n\.?\s)?(?:\d{1,4}|[a-z]|[ivxlc]{1,6}|[*†‡§¶#]{1,4}|[↩↑⇑^←⏎▲↵]{1,2}\ufe0e?)\s?[\])}]?[.:]?",
    re.IGNORECASE,
)
_BARE = re.compile(r"[\[\](){}\s.:]|note\s|n\.?\s", re.IGNORECASE)
_LONGEST = 12
_MOST_INNER = 6
_NOT_PLAIN = frozenset(["br", "img", "rt", "rtc", "rp", "script", "style", "template", "head", ""])


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
    if (not raised and link is None) or is_block(element, name, styles):
        return None
    text = short_text(element, 4 * _LONGEST) or ""
    inner = plain(text)
    if not inner or len(inner) > _LONGEST or not _is_plain(element, styles):
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
        glued = bool(before.strip()) and (not before[-1].isspace() or not (element.tail or "").strip())
        return MarkText(text, Mark(0, 0, "raised", label or inner, "", True, glued))
    if written.text != inner and text == inner:
        return MarkText(written.text, Mark(0, 0, "power", label))
    return MarkText(text, None)


def _is_plain(element: Any, styles: Styles) -> bool:
    """Whether there is nothing but text within an element."""
    inner = [each for each in islice(element.iter(), _MOST_INNER + 1) if each is not element]
    if len(inner) == _MOST_INNER:
        return False
    names = [local_name(each) for each in inner]
    return not any(
        name in _NOT_PLAIN or is_block(each, name, styles) or left_out_kind(each, name, styles)
        for each, name in zip(inner, names, strict=True)
    )


def _link_of(element: Any, name: str, raised: bool) -> Any:
    """The link that an element is, or that is in a raised element."""
    if name == "a":
        return element if element.get("href") or is_marked_note_link(element) else None
    if raised or is_marked_note_link(element):
        inner = islice(element.iter(), _MOST_INNER)
        return next((each for each in inner if local_name(each) == "a" and each.get("href")), None)
    return None
