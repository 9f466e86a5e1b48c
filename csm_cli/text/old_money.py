"""Pounds, shillings and pence, as books of before 1971 write them: "£3 10s. 6d.", "2s. 6d.", "6d."."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, whole_number

_PENCE = r"([0-9]{1,2})(½?)\s?d\b"
_SUM = re.compile(
    r"£\s?([0-9][0-9,]*),? ?([0-9]{1,2})\s?s\b\.?(?:,? ?" + _PENCE + r"\.?)?"
    r"|(?<![\w.,£$€])([0-9]{1,2})\s?s\b\.?,? ?" + _PENCE + r"\.?"
    r"|(?<![\w.,£$€])([4-9]|1[01])(½?)\s?d\."
)
_HINT = re.compile(r"[0-9½]\s?[sd]\b")
_ENDS = re.compile(r"[\"')\]]*(?:$|\s+[A-Z])")


def old_money(text: str) -> str:
    """`text` with sums of the old kind in words."""
    return _SUM.sub(_said, text) if _HINT.search(text) else text


def _said(match: re.Match[str]) -> str:
    pounds, shillings, pence, half = match[1], match[2] or match[5], match[3] or match[6] or match[8], ""
    half = match[4] or match[7] or match[9] or ""
    said = []
    if pounds:
        said.append(f"{whole_number(pounds)} {'pound' if pounds == '1' else 'pounds'}")
    if shillings:
        said.append(f"{cardinal(int(shillings))} {'shilling' if shillings == '1' else 'shillings'}")
    if pence:
        said.append(_pence(int(pence), bool(half)))
    whole = " ".join(said[:-1]) + (" and " if len(said) > 1 and pence else " " if len(said) > 1 else "")
    stop = "." if match[0].endswith(".") and _ENDS.match(match.string, match.end()) else ""
    return whole + said[-1] + stop


def _pence(count: int, half: bool) -> str:
    if half:
        return f"{cardinal(count)} pence halfpenny" if count != 1 else "a penny halfpenny"
    return (
        "one penny" if count == 1 else f"{cardinal(count)}pence" if count < 13 else f"{cardinal(count)} pence"
    )
