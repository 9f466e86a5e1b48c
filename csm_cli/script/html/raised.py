"""Raised text: powers, endings of ordinals, and marks of notes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from csm_cli.script.html.styles import Styles
from csm_cli.script.sources import CONTROL, local_name

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
            behind.tail = CONTROL.sub(" ", f"{behind.tail} ")
        elif behind is None and parent is not None and (parent.text or "")[-1:].isdigit():
            parent.text = CONTROL.sub(" ", f"{parent.text} ")


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
