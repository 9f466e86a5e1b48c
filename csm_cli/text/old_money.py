"""British sums before 1971 in words: pounds, shillings and pence, guineas."""

from __future__ import annotations

import re

from csm_cli.text.numbers import NUMBER, cardinal, whole_number

_PENCE = r"([0-9]{1,2})(½?)\s?d\b"
_OLD_SUM = re.compile(
    rf"£\s?({NUMBER}),? ?([0-9]{{1,2}})\s?s\b\.?(?:,? ?" + _PENCE + r"\.?)?"
    r"|(?<![\w.,£$€])([0-9]{1,2})\s?s\b\.?,? ?" + _PENCE + r"\.?"
    r"|(?<![\w.,£$€])([1-9]|1[01])(½?)\s?d\."
)
_SHILLINGS = re.compile(
    r"(?<![\w.,£$€'])(1?[0-9])\s?s\.(?=\s+[a-z]|[,;:)]|$)|(?<![\w.,£$€/])([0-9]{1,2})/-(?!\w)"
)
_SLASHED = re.compile(r"£([0-9]{1,3})/([0-9]{1,2})/([0-9]{1,2})(?![\w/])")
_GUINEAS = re.compile(rf"(?<![\w.,£$€])({NUMBER})\s?gns?\b\.?")
_RATE = re.compile(r"(?<=\bper )(lb|oz|qr|doz|cwt|yd|gal|ft|bu)\b\.?")
_RATES = {"lb": "pound", "oz": "ounce", "qr": "quarter", "doz": "dozen", "cwt": "hundredweight", "yd": "yard"}
_RATES |= {"gal": "gallon", "ft": "foot", "bu": "bushel"}
_PART_BEFORE = re.compile(
    r"(?:[sS]ections?|[cC]lauses?|paragraphs?|[fF]igs?\.?|[fF]igures?|items?|rules?|and|or|,) $"
)
_OLD_MARK = re.compile(r"[0-9½]\s?(?:[sd]|gns?)\b|[0-9]/[0-9-]")
_SENTENCE_ENDS = re.compile(r"[\"')\]]*(?:$|\s+[A-Z])")


def old_money(text: str) -> str:
    """`text` with British pre-decimal sums (pounds, shillings, pence) in words."""
    if _OLD_MARK.search(text):
        text = _SLASHED.sub(r"£\1 \2s \3d", text)
        text = _OLD_SUM.sub(_old_sum, text)
        text = _SHILLINGS.sub(_shillings, text)
        text = _GUINEAS.sub(
            lambda match: f"{match[1]} guinea{'' if match[1] == '1' else 's'}{_stop(match)}", text
        )
    return _RATE.sub(lambda match: _RATES[match[1]] + _stop(match), text)


def _stop(match: re.Match[str]) -> str:
    """A full stop if the abbreviation's own one also ends its sentence."""
    return "." if match[0].endswith(".") and _SENTENCE_ENDS.match(match.string, match.end()) else ""


def _shillings(match: re.Match[str]) -> str:
    count = match[1] or match[2]
    stop = _stop(match)
    return f"{cardinal(int(count))} shilling{'' if count == '1' else 's'}{stop}"


def _old_sum(match: re.Match[str]) -> str:
    if match[8] and _PART_BEFORE.search(match.string, max(0, match.start() - 20), match.start()):
        return match[0]
    pounds, shillings, pence, half = match[1], match[2] or match[5], match[3] or match[6] or match[8], ""
    half = match[4] or match[7] or match[9] or ""
    words = []
    if pounds:
        words.append(f"{whole_number(pounds)} {'pound' if pounds == '1' else 'pounds'}")
    if shillings and int(shillings):
        words.append(f"{cardinal(int(shillings))} {'shilling' if shillings == '1' else 'shillings'}")
    if pence and (int(pence) or not words):
        words.append(_pence(int(pence), bool(half)))
    whole = " ".join(words[:-1]) + (
        " and " if len(words) > 1 and int(pence or 0) else " " if len(words) > 1 else ""
    )
    stop = _stop(match)
    return whole + words[-1] + stop


def _pence(count: int, half: bool) -> str:
    if half:
        joint = "" if count < 13 else " "
        return f"{cardinal(count)}{joint}pence halfpenny" if count != 1 else "a penny halfpenny"
    return (
        "one penny" if count == 1 else f"{cardinal(count)}pence" if count < 13 else f"{cardinal(count)} pence"
    )
