"""Raised text and links that may be marks of notes: these, powers, and endings of ordinals."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, NamedTuple

from csm_cli.core.visible import without_refused
from csm_cli.script.books.blocks import Mark
from csm_cli.script.books.html.parts import is_block, is_marked_note_link, left_out_kind, short_text
from csm_cli.script.books.html.styles import Styles
from csm_cli.script.sources import local_name, plain

_CLASS = re.compile(r"(?:^|[\s_-])(?:sup|super|superscript|sup-script)(?:$|[\s\d_-])", re.IGNORECASE)
_EXPONENT = re.compile(r"[+−–-]?\d{1,4}")
_ION = re.compile(r"\d{0,2}[+−]")
_VARIABLE = re.compile(r"[nmkxyijpqt]|[nmk][+−-]1")
_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,]\d{1,9})*|\d{1,12})$")
_YEAR = re.compile(r"1[0-9]\d\d|20\d\d")
_UNIT = re.compile(
    r"(?:[\d½¼¾]\s{0,2}|/\s?|\bper )"
    r"(?:in|yd|mi|ft|sec|(?:kilo)?met(?:re|er)s?|feet|foot|inch|inches|miles?|[kcdmnµμ]?m)$"
)
_TOKEN = re.compile(r"[^\s()]{1,20}$")
_OPERATOR = re.compile(r"[=+×÷·*/^√±<>≤≥−]\s?$")
_NEXT_OPERATOR = re.compile(r"\s?[=+×÷·^±<>≤≥−/)]")
_FORMULA = re.compile(r"\([^()]{0,40}[=+×÷·*/−-][^()]{0,40}\)$")
_SMALL = {"2": "²", "3": "³"}
_SIGNS = {"TM": "™", "SM": "℠", "R": "®"}
_FRACTION_BARS = "/⁄"
_LOOK_BACK = 60
_LABEL = re.compile(
    r"[\[({]?\s?(?:note\s|n\.?\s)?(?:\d{1,4}|[a-z]|[ivxlc]{1,6}|[*†‡§¶#]{1,4}|[↩↑⇑^←⏎▲↵]{1,2}\ufe0e?)\s?[\])}]?[.:]?",
    re.IGNORECASE,
)
_BARE = re.compile(r"[\[\](){}\s.:]|note\s|n\.?\s", re.IGNORECASE)
_LONGEST = 12
_MOST_INNER = 6
_FRACTION = re.compile(r"[1-9]\d?[/⁄∕][1-9]\d?|[½⅓⅔¼¾⅛⅜⅝⅞]")
_NOT_PLAIN = frozenset(["br", "img", "rt", "rtc", "rp", "script", "style", "template", "head", ""])


class Raised(NamedTuple):
    """How raised text is written.

    Args:
        text: "²", "^6", "th", or the mark of a note as it stands.
        is_mark: it is the mark of a note.
    """

    text: str
    is_mark: bool = False


def is_raised(element: Any, name: str, styles: Styles) -> bool:
    """Whether an element is superscript: by name, class or style."""
    if name == "sup":
        return True
    if name not in ("span", "a", "small", "em", "i", "font"):
        return False
    if _CLASS.search(element.get("class") or ""):
        return True
    return styles.of(element).get("vertical-align") in ("super", "text-top", "top")


def space_fractions(root: Any) -> None:
    """Put a space before the fraction of a mixed number, `1<sup>1</sup>/<sub>2</sub>`, in the tree."""
    for element in root.iter():
        if local_name(element) != "sup" or (element.tail or "")[:1] not in tuple(_FRACTION_BARS):
            continue
        behind, parent = element.getprevious(), element.getparent()
        if behind is not None and (behind.tail or "")[-1:].isdigit():
            behind.tail = without_refused(f"{behind.tail} ", " ")
        elif behind is None and parent is not None and (parent.text or "")[-1:].isdigit():
            parent.text = without_refused(f"{parent.text} ", " ")


def read_raised(before: str, inner: str, after: str) -> Raised:
    """What raised text is.

    Args:
        before: what stands before it in the paragraph.
        inner: the raised text.
        after: what follows directly.
    """
    inner, before = inner.strip(), before[-_LOOK_BACK:]
    if inner.isdigit() and after[:1] in tuple(_FRACTION_BARS):
        return Raised(inner)
    if not before or before[-1].isspace():
        return Raised(inner, not (inner.isalpha() and len(inner) > 1))
    token = _TOKEN.search(before)
    base = token[0] if token else ")"
    if _EXPONENT.fullmatch(inner):
        return Raised(_power(inner), False) if _is_power(before, base, inner, after) else Raised(inner, True)
    if base[-1].isdigit() and _FRACTION.fullmatch(inner):
        return Raised(f" {inner}")
    if _VARIABLE.fullmatch(inner) and (base[-1].isdigit() or (len(base) == 1 and base.islower())):
        return Raised(f"^{inner}")
    if base[-1].isalnum() and _ION.fullmatch(inner):
        return Raised(inner)
    if not inner.isalpha():
        return Raised(inner, len(inner) < 5 and inner not in ("®", "™", "℠", "°", "′", "″"))
    if base[-1].isalpha() and len(base) > 2 and inner.upper() in _SIGNS and inner.isupper():
        return Raised(_SIGNS[inner])
    # The ending of an ordinal or of an abbreviation; behind a word, a letter of the first is a mark.
    if len(inner) > 1 or (base[-1].isalnum() and not (base[-2:].islower() and len(base) > 2)):
        return Raised(inner)
    return Raised(inner, inner.lower() in "abcdefgh")


def _power(exponent: str) -> str:
    return _SMALL.get(exponent, f"^{exponent.replace('−', '-').replace('–', '-')}")


def _is_power(before: str, base: str, inner: str, after: str) -> bool:
    operator = bool(_OPERATOR.search(before[: len(before) - len(base)]) or _OPERATOR.search(base[:-1]))
    operator_behind = bool(_NEXT_OPERATOR.match(after))
    if base[-1].isdigit():
        number = _NUMBER.search(before)
        return operator or operator_behind or bool(number and not _YEAR.fullmatch(number[1]))
    if _FORMULA.search(before):
        return True
    if not base[-1].isalpha():
        return False
    letters = re.split(r"\W", base)[-1]
    if not inner.isdigit():
        return len(letters) < 5
    if _UNIT.search(before) or (operator and len(letters) < 8) or (operator_behind and len(letters) < 3):
        return inner in ("2", "3") or not _UNIT.search(before)
    return len(letters) < 3 and not set(letters.lower()) & set("aeiou")


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
