"""English abbreviations and initials in words."""

from __future__ import annotations

import re

_TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "Capt": "Captain",
    "Sgt": "Sergeant",
    "Lt": "Lieutenant",
    "Cpl": "Corporal",
    "Maj": "Major",
    "Cmdr": "Commander",
    "Col": "Colonel",
    "Gen": "General",
    "Adm": "Admiral",
    "Rev": "Reverend",
    "Gov": "Governor",
    "Sen": "Senator",
    "Pres": "President",
    "Hon": "Honorable",
    "Messrs": "Messieurs",
    "Mme": "Madame",
    "Mlle": "Mademoiselle",
    "Supt": "Superintendent",
    "Insp": "Inspector",
    "Pvt": "Private",
    "Mt": "Mount",
    "Ft": "Fort",
}
_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "E.g.": "For example",
    "I.e.": "That is",
    "a.k.a.": "also known as",
    "etc.": "et cetera",
    "&c.": "et cetera",
    "vs.": "versus",
    "viz.": "namely",
    "cf.": "compare",
    "al.": "al",
    "approx.": "approximately",
    "dept.": "department",
    "Dept.": "Department",
    "govt.": "government",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Bros.": "Brothers",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "Co.": "Company",
    "Esq.": "Esquire",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Blvd.": "Boulevard",
    "Sq.": "Square",
    "Ph.D.": "P H D",
    "Ph.D": "P H D",
}
_BEFORE_FIGURES = {
    "p.": "page",
    "pp.": "pages",
    "ch.": "chapter",
    "Ch.": "Chapter",
    "chap.": "chapter",
    "Chap.": "Chapter",
    "vol.": "volume",
    "Vol.": "Volume",
    "fig.": "figure",
    "Fig.": "Figure",
    "sec.": "section",
    "ca.": "circa",
    "c.": "circa",
    "Apt.": "Apartment",
    "apt.": "apartment",
    "Rt.": "Route",
    "Hwy.": "Highway",
    "ext.": "extension",
    "no.": "number",
    "No.": "Number",
    "Nos.": "Numbers",
    "nos.": "numbers",
    "Lv.": "Level",
    "lv.": "level",
}
_NUMBERED = {
    "Vol": "Volume",
    "Ch": "Chapter",
    "Chap": "Chapter",
    "Bk": "Book",
    "Pt": "Part",
    "Fig": "Figure",
    "Sc": "Scene",
}
_BEFORE_NUMERALS = _NUMBERED | {short.lower(): word.lower() for short, word in _NUMBERED.items()}
_OF_MONTHS = {"inst": "instant", "ult": "ultimo", "prox": "proximo"}
_SLASHED = {"w/o": "without", "w/": "with ", "b/c": "because", "and/or": "and or", "c/o": "care of"}


def _one_of(words: object) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))  # type: ignore[call-overload]


_TITLE = re.compile(rf"\b({'|'.join(_TITLES)})\.(?=\s|$)")
_BARE_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|Mme|Mlle|Messrs|Mt)(?=\s[A-Z])")
_WORD = re.compile(rf"(?<![\w.])({_one_of(_WORDS)})(?!\w)")
_BEFORE_FIGURE = re.compile(rf"(?<![\w.])({_one_of(_BEFORE_FIGURES)})\s?(?=[0-9])")
_BEFORE_NUMERAL = re.compile(rf"\b({_one_of(_BEFORE_NUMERALS)})\.\s?(?=(?:[IVXL]+|[ivxl]+)\b)")
_LEVEL = re.compile(r"\b([Ll])vl\.? ?(?=[0-9])")
_OF_MONTH = re.compile(rf"(?<=[0-9](?:st|nd|rd|th) )({'|'.join(_OF_MONTHS)})\.")
_SLASH = re.compile(r"(?<![\w/])(w/o|b/c|and/or|c/o|w/)(?=\s|$|[.,;!?])|(?<![\w/])(w/)(?=[a-z])")
_SAINT = re.compile(r"\bSt\.?(?=\s+[A-Z])")
_STREET = re.compile(r"(?<=\w )St\.(?!\w)")
_DRIVE = re.compile(r"(?<=\w )([A-Z][a-z]+) Dr\.(?=[,.;:!?]|$|\s+[a-z])")
_INITIALS = re.compile(r"(?<![\w.])(?<![0-9])(?<![0-9] (?=[AP]\.M))(?:[A-Z]\.\s?){2,}")
_INITIAL = re.compile(r"((?:^|[A-Z][a-z]+) [A-Z]|^[A-Z])\. (?=[A-Z][a-z])")
_SENTENCE = re.compile(
    r"(?:The|Then|He|She|It|They|We|I|But|And|A|An|In|For|If|My|His|Her|Our|Your|Their|No|Yes|Not"
    r"|On|At|So|You|This|That|There|What|When|Where|Who|Why|How|After|Before|As|To|From|With)\b"
)


def abbreviations(text: str) -> str:
    """A cleaned `text` with common abbreviations in words and initials as single letters: "J R R"."""
    if "/" in text:
        text = _SLASH.sub(lambda match: _SLASHED[match[0]], text)
    text = _BARE_TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _LEVEL.sub(r"\1evel ", text)
    if "St" in text:
        text = _STREET.sub(_street, text)
        text = _SAINT.sub("Saint", text)
    if "." not in text:
        return text
    text = _DRIVE.sub(lambda match: f"{match[1]} Drive{_stop(match)}", text)
    text = _TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _BEFORE_FIGURE.sub(lambda match: f"{_BEFORE_FIGURES[match[1]]} ", text)
    text = _BEFORE_NUMERAL.sub(lambda match: f"{_BEFORE_NUMERALS[match[1]]} ", text)
    text = _OF_MONTH.sub(lambda match: _OF_MONTHS[match[1]] + _stop(match), text)
    text = _WORD.sub(lambda match: _WORDS[match[1]] + _stop(match), text)
    text = _INITIALS.sub(_initials, text)
    return _INITIAL.sub(_initial, text)


def _street(match: re.Match[str]) -> str:
    """Street after a name ("Baker St."), else unchanged, for Saint ("to St. Ives")."""
    before, after = match.string[: match.start()].split(), match.string[match.end() :]
    named = before[-1][:1].isupper() and not re.match(r"\s+[A-Z]", after)
    return f"Street{_stop(match)}" if named or _stop(match) else match[0]


def _initials(match: re.Match[str]) -> str:
    """ "J. R. R. " as "J R R "; the last full stop stays where the sentence ends."""
    letters = " ".join(letter for letter in match[0] if letter.isalpha())
    space = " " if match[0][-1].isspace() else ""
    return letters + _stop(match) + space


def _initial(match: re.Match[str]) -> str:
    """ "John F. Kennedy" loses the full stop; "Plan B. Then" keeps it."""
    return match[0] if _SENTENCE.match(match.string, match.end()) else f"{match[1]} "


def _stop(match: re.Match[str]) -> str:
    """A full stop if the abbreviation's own one also ends its sentence."""
    if not match[0].rstrip().endswith("."):
        return ""
    after = match.string[match.end() :].lstrip("\"')]")
    return "." if not after.strip() or _SENTENCE.match(after.lstrip()) else ""
