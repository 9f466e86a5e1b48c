"""Numbers that name something: houses, rooms, flights, models, calibres, telephones; leading zeros."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, digits, paired

_COUNTED = (
    "chapter|part|book|volume|vol|section|episode|ep|season|lesson|unit|module|track|disc|disk|level|stage|step|day"
    "|week|month|round|match|issue|number|numbers|no|page|verse|psalm|act|scene|canto|letter|figure|fig|table|plate"
    "|appendix|exercise|question|problem|item|entry|session|lecture|grade|phase|version|draft|take|reel|sheet|tape"
    "|side|series|story|tale|poem|song|hymn|rule|tip|article|clause|paragraph|scroll|map|era|team|group|lap|set|game"
)
_LABELLED = re.compile(rf"\b((?:{_COUNTED})s?\.?:?[ ]?#?)0+([1-9][0-9]?)(?![\w]|[.,:/-][0-9])", re.IGNORECASE)
_HEADED = re.compile(
    r"^(\W{0,3})0([1-9])(?=[.):]?(?:\s*[-–:]\s|\s+[A-Z\"']|$)|[.):]\s)"
    r"|^(\W{0,3})0{1,2}([1-9][0-9]?)(?=\s*[-–:.)]\s)"
)
_OF_UNIT = re.compile(
    r"(?<![\w.,:/-])0([1-9]) (?=(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|people|men"
    r"|women|children|miles?"
    r"|percent|times|points?|items?|pages?)\b)"
)
_FORMATS = {"4to": "quarto", "8vo": "octavo", "12mo": "duodecimo", "16mo": "sextodecimo"}
_FORMAT = re.compile(r"(?<![\w.,])(?:4to|8vo|12mo|16mo)\b")
_CODE = re.compile(r"\bS([0-9]{1,2})\s?E([0-9]{1,2})\b")
_STREETS = (
    "Street|Avenue|Road|Lane|Drive|Boulevard|Square|Terrace|Place|Court|Crescent|Row|Gardens|Way"
    "|Hill|Close|Parkway"
)
_HOUSE = re.compile(
    r"(?<![\w.,:/$£€#-])([1-9][0-9]{2,3})(?:-?([A-Da-d]))?"
    rf"(?= (?:[NSEW]\.? |North |South |East |West )?(?:(?:[A-Z][\w']+|[0-9]+(?:st|nd|rd"
    rf"|th)) ){{1,3}}(?:{_STREETS})\b)"
)
_NAMED = re.compile(
    r"\b((?:[Rr]oom|[Ff]light|[Ss]uite|[Aa]partment|[Hh]ighway"
    r"|Route|Interstate|Boeing|Airbus|Channel|Area|Unit) )"
    r"([1-9][0-9]{2,3})(?![\w]|[.,:][0-9])"
)
# A model in one word, with or without a hyphen: letters, then three or four figures.
_MODEL = re.compile(r"(?<![\w-])([A-Z]{1,4}-?)([1-9][0-9]{2,3})(?![\w-]|[.,:][0-9])")
_FLAT = re.compile(r"(?<![\w.,$£€-])([0-9]{1,3})B(?!\w| (?:people|users|\w+s)\b)")
_BATTING = re.compile(r"\b(hit|hits|bats?|batting|hitting|batted|average of) \.([1-9][0-9]{2})\b")
_CALIBRE_JOINED = re.compile(r"(?<![\w.])\.(22|25|32|38|40|44|45|50)(?=-cal)")
_CALIBRE = re.compile(
    r"\b((?:a|an|the|his|her|my|your|their|old|loaded) )\.(22|25|32|38|40|44|45|50|303|308|357)(?![0-9%])",
    re.IGNORECASE,
)
_EMERGENCY = re.compile(
    r"\b((?:[Cc]all(?:ed|ing|s)?|[Dd]ial(?:l?ed|l?ing|s)?|[Pp]hone[ds]?|[Rr]ing|[Rr]ang) )(911|999|112"
    r"|000|111|411|101)(?![\w-]|[.,][0-9])"
)
_TELEPHONE = re.compile(
    r"(?<![\w.,:$£€-])(?:"
    r"\+[0-9]{1,3}(?:[ .-]?\([0-9]{1,4}\))?(?:[ .-]?[0-9]{2,}){1,5}"
    r"|\([0-9]{3,5}\) ?[0-9]{3,4}[ .-]?[0-9]{3,4}"
    r"|\(0\)[0-9]{2,4}[ -][0-9]{3,4}[ -]?[0-9]{3,4}"
    r"|0[0-9]{2,4}[ -][0-9]{3,4}[ -]?[0-9]{3,4}|0[0-9]{4}[ -][0-9]{5,6}|0[0-9]{3}[ -][0-9]{7}"
    r"|(?:[0-9][ .-])?[0-9]{3}[.-][0-9]{3}[.-][0-9]{4}|[0-9]{3} [0-9]{3} [0-9]{4}"
    r"|[0-9]{3}[.-][0-9]{4})(?![\w-]|[.,][0-9])"
)
_BEFORE_PHONE = (
    r"\b(?:[Tt]el(?:ephone|\.)?|[Pp]hone|[Ff]ax|[Cc]all|[Dd]ial|[Rr]ing|[Nn]umber(?: is"
    r"| was)?|[Tt]ext|extension|ext\.):? "
)
_AFTER_CALL = re.compile(rf"({_BEFORE_PHONE})([0-9]{{3,5}}(?:[ -][0-9]{{3,4}}){{1,3}})(?![\w-]|[.,][0-9])")
_BOOK = re.compile(
    r"\b(ISBN|ISSN)((?:-1[03])?:? ?)((?:97[89][- ]?)?[0-9](?:[- ]?[0-9]){5,11}[- ]?[0-9Xx])(?![\w-])"
)
_ADDRESS = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.]*\w)")
_POSTAL = re.compile(r"\b([A-Z]{2} )([0-9]{5})(-[0-9]{4})?\b(?! (?:people|men|women))")


def labels(text: str) -> str:
    """`text` with the figures of names, telephones and codes in words, and labels without leading zeros.

    To be called after `abbreviations`, for the names of streets, and before `units`.
    """
    text = _FORMAT.sub(lambda match: _FORMATS[match[0]], text)
    text = _CODE.sub(lambda match: f"season {int(match[1])} episode {int(match[2])}", text)
    if "0" in text:
        text = _LABELLED.sub(r"\1\2", text)
        text = _HEADED.sub(lambda match: "".join(filter(None, match.groups())), text)
        text = _OF_UNIT.sub(r"\1 ", text)
    text = _BOOK.sub(lambda match: f"{match[1]}{match[2].replace('-', ' ')}{_spelled(match[3])}", text)
    text = _TELEPHONE.sub(lambda match: _spelled(match[0]), text)
    text = _AFTER_CALL.sub(lambda match: match[1] + _spelled(match[2]), text)
    text = _EMERGENCY.sub(lambda match: match[1] + digits(match[2]), text)
    text = _ADDRESS.sub(_address, text)
    text = _POSTAL.sub(lambda match: match[1] + _spelled(match[2] + (match[3] or "")), text)
    text = _HOUSE.sub(lambda match: " ".join(filter(None, [paired(match[1]), match[2]])), text)
    text = _NAMED.sub(lambda match: match[1] + paired(match[2]), text)
    text = _MODEL.sub(_model, text)
    text = _BATTING.sub(lambda match: f"{match[1]} {paired(match[2])}", text)
    text = _FLAT.sub(r"\1 B", text)
    text = _CALIBRE_JOINED.sub(lambda match: cardinal(int(match[1])), text)
    return _CALIBRE.sub(
        lambda match: match[1] + (paired(match[2]) if len(match[2]) == 3 else cardinal(int(match[2]))), text
    )


def _spelled(figures: str) -> str:
    """Digit by digit, a comma between groups."""
    groups = [digits(each) if each.isdigit() else "X" for each in re.findall("[0-9]+|[Xx]", figures)]
    words = ", ".join(groups)
    return f"plus {words}" if figures.startswith("+") else words


def _address(match: re.Match[str]) -> str:
    """Of the Internet, not a version: with a number of three figures, or named so."""
    before = match.string[max(0, match.start() - 20) : match.start()]
    if not re.search(r"[0-9]{3}", match[0]) and not re.search(r"(?:IP|address|host|server)\W*$", before):
        return match[0]
    return " dot ".join(cardinal(int(part)) for part in match[0].split("."))


def _model(match: re.Match[str]) -> str:
    """ "THX1138" is THX eleven thirty-eight."""
    return f"{match[1]}{'' if match[1].endswith('-') else ' '}{paired(match[2])}"
