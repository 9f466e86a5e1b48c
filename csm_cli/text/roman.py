"""Roman numerals in words, where what stands beside them says that they are numerals."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, ordinal, year

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_VALID = re.compile(r"(?=.)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_NUMERAL = r"[IVXLCDM]{1,15}"
_ANY = re.compile(r"\bWW|(?<![\w'])(?:[IVXLCDM]{1,15}|[ivxlc]{1,7})(?:th|st|nd|rd|e|'?s)?(?![\w'])|[IVX]s\b")

_PARTS = (
    "Chapter|Part|Book|Act|Scene|Volume|Section|Canto|Article|Appendix|Phase|Type|Class|Stage|Grade|Level"
    "|World War|Psalm|Figure|Table|Plate|Letter|Number|Sonnet|Super Bowl|Episode|Season|Lesson|Verse|Division"
    "|Stave|Tome|Title|Amendment|Schedule|Annex|Annexe|Map|Symphony|Concerto|Sonata|Opus|Corps|Form|Mark|Olympiad"
    "|Century|Centurie|Page|Vatican|Fragment|Movement|Prelude|Fugue|Round|Series|Saga|Paragraph|Exhibit|Diagram|Panel"
)
_OF_BOOKS = frozenset(["super bowl", "chapter", "psalm", "canto", "sonnet", "stave"])
"""Parts that are many, so that L and C after them are numerals; Appendix C and Section L are letters."""
_LETTERED = frozenset(
    re.findall(
        r"\w+",
        "appendix section class type figure table plate exhibit schedule annex annexe form diagram panel "
        "map grade",
    )
)
_JOINTS = r"(?:,? (?:and|or|to|through|&) |, |\s?[-–]\s?)"
_BEHIND_PART = re.compile(
    rf"\b((?:{_PARTS}|{_PARTS.lower()}|{_PARTS.upper()})(?:s|S|es|ies)?)(\s+)"
    rf"((?:{_NUMERAL}|[ivxlc]{{1,7}})(?:{_JOINTS}(?:{_NUMERAL}|[ivxlc]{{1,7}})(?![\w']))*)(?![\w'])"
)
_JOINT = re.compile(_JOINTS)
_STOPPED = re.compile(r"(?<=[IVXLC]{2})\.(?=,)")
_SAID_BY_ME = re.compile(
    r" (?:liked?|loved?|read|wrote|think|thought|know|knew|saw|have|had|am|do|did|would|will|can|could"
    r"|told|said"
    r"|want|wanted|need|needed|never|always|hate|hated|enjoyed?|played|bought|made)\b"
)
# "IV. The Storm"; one letter may be an initial, and needs a word that begins a title.
_HEADED = re.compile(
    r"^([IVXLC]{2,7})([.:])(?= [A-Z\"])"
    r"|^([IVX])([.:])(?= (?:The|A|An|In|On|Of|At|How|Why|What|Where|When|My|Our|His|Her|[A-Z]{2,})\b)"
)
_WAR = re.compile(r"\bWW ?(II?|[12])\b(?:( ?(?:&|and) )(?:WW ?)?(II|2)\b)?")
_CENTURY = re.compile(
    rf"\b({_NUMERAL})(th|st|nd|rd|e)?(?=(?:[ -](?:th )?(?:century|centuries|dynasty|Dynasty)\b))"
)
_BOTH_CENTURIES = re.compile(rf"\b({_NUMERAL})(?:th)?[-–]({_NUMERAL})(?:th)?(?= centur)")
_UNIT = re.compile(
    r"\b([IVX]{2,7})(?= (?:Corps|Army|Olympiad|Olympics|Congress|Legion|International|Dynasty"
    r"|Amendment)\b)"
)
_CENTURIES = re.compile(
    rf"\b({_NUMERAL})(th)?(?=(?: (?:and|to|or) |-)(?:the )?{_NUMERAL}(?:th)? centur(?:y|ies)\b)"
)
_ORDINAL = re.compile(r"\b([IVXLCDM]{2,15}|[VX])(?:th|st|nd|rd)\b")
_RULERS = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Pharaoh|Prince|Sultan|Shah|Duke|Count|Archduke"
_RULERS += "|Ayatollah|Patriarch|Saint"
_NAMES = (
    "Adrian|Andronikos|Basil|Boris|Calixtus|Casimir|Celestine|Christina|Cleopatra|Donald|Duncan|Eric"
    "|Eugene|Haile Selassie|Justinian|Kenneth|Ladislaus|Magnus|Margrethe|Martin|Nero|Roger|Sancho"
    "|Sigismund|Stanislaus|Valdemar|"
    "Albert|Alexander|Alfonso|Amenhotep|Baldwin|Benedict|Boniface|Carlos|Carol|Catherine|Charles|Christian"
    "|Clement|Constantine|Cosimo|Darius|David|Edward|Elizabeth|Felipe|Ferdinand|Francis|Franz|Frederick"
    "|Friedrich|George|Gregory|Gustav|Haakon|Harald|Henry|Henri|Innocent|Isabella|Ivan|James|Joan|Johan|John"
    "|John Paul|Joseph|Juan|Julius|Karl|Leo|Leopold|Louis|Ludwig|Manuel|Margaret|Maria|Mary|Maximilian"
    "|Mehmed|Michael|Mithridates|Murad|Napoleon|Nicholas|Olaf|Oscar|Otto|Paul|Pedro|Peter|Philip|Philippe|Pius"
    "|Ptolemy|Ramses|Rameses|Ramesses|Richard|Robert|Rudolf|Selim|Sixtus|Stephen|Suleiman|Theodosius|Thutmose|Umberto"
    "|Urban|Valentinian|Victor|Vittorio Emanuele|Vladimir|Wilhelm|Willem|William|Xerxes|Zog"
)
_GIVEN = (
    "Adam|Andrew|Anthony|Arthur|Ben|Benjamin|Bill|Bob|Charlie|Chris|Daniel|Donald|Douglas|Eric|Frank|Fred|Gary|Harold"
    "|Harry|Howard|Jack|Jeffrey|Jerome|Jim|Joe|Jonathan|Ken|Kenneth|Lawrence|Martin|Matthew|Patrick|Ralph|Ray"
    "|Raymond|Roger|Ronald|Sam|Samuel|Scott|Steven|Ted|Thomas|Thurston|Tom|Walter|Will"
)
_BEHIND_NAME = re.compile(
    rf"\b((?:{_NAMES}|Malcolm|Saturn)s?|(?:{_RULERS})s? [A-Z]\w+|(?:{_NAMES}"
    rf"|{_GIVEN}) (?:[A-Z]\.? )?[A-Z][a-z]+)"
    r"(,? (?:the )?)"
    rf"({_NUMERAL}(?:(?: (?:and|or) |, |-){_NUMERAL}(?![\w']))*)(?=('s)?(?!\w)(.{{0,10}}))"
)
_REIGNS = re.compile(rf"\b({_NAMES}) (I{{1,3}}|IV|VI{{0,3}}|IX|X[IVX]*)s(?!\w)")
_INITIAL = re.compile(
    r"\.? (?!(?:The|He|She|It|They|In|But|And|A|An|His|Her|This|That|When|At|On)\b)[A-Z][a-z]"
)
_REIGN_OF = re.compile(
    r"\b(?:reign|death|son|daughter|wife|court|time|execution|head|army|rule|coronation|portrait|statue"
    r"|days) of $"
)
_TOLD = re.compile(
    r"\b(?:told|tell|asked|promised|assured|thought|swore|said|see|saw|know|knew|by|to|with|for) (?:the )?$"
)
_ONE_REIGNS = re.compile(
    r"[,.;:!?)\"']|$| \(| (?:of|was|is|has|and|died|reigned|ruled|became|married|but|or|in|at|to|who|by"
    r"|did|made|an?)\b"
)
_ALONE = re.compile(rf"({_NUMERAL})([.)]?)")
# Rocky II, Apollo XIII: behind a name; not what is a word or another abbreviation in capitals.
_BEHIND_WORD = re.compile(r"(?<=[a-z0-9] )([IVX]{2,6}|XL[IVX]*|L[IVX]{2,6})(?=(?:'s)?(?![\w'.]\w|\w))")
_CAPITAL_BEFORE = re.compile(r"\b[A-Z][a-z]+ $")
_YEAR = re.compile(r"\bM(?=[MCDLXVI]{3,14}\b)[MCDLXVI]+\b")
_ENUMERATED = re.compile(r"\((i{1,3}|iv|vi{0,3}|ix|xi{0,2}|I{2,3}|IV|VI{1,3}|IX|XI{0,2}|I(?=\).*\(II\)))\)")
_LIST = re.compile(rf"(?<![\w'])I(?:, ?(?:II|III|IV|V|VI)\b)+(?:,? (?:and|or) {_NUMERAL}\b)?")


def roman_value(numeral: str) -> int:
    """The value of a Roman numeral; 0 if it is not one as one writes them today."""
    numeral = numeral.upper()
    if not _VALID.fullmatch(numeral):
        return 0
    values = [_VALUES[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def roman_numerals(text: str) -> str:
    """`text` with Roman numerals in words: of parts of a book, rulers, wars, centuries, years and lists.

    A lone I, L, C, D or M that may be a word, a letter or an initial stays.
    """
    if not _ANY.search(text):
        return text
    if (alone := _ALONE.fullmatch(text)) and len(text) > 1 and (value := _alone_value(alone[1])):
        return (year(value) if value > 1000 else cardinal(value)).capitalize() + (
            "." if text.endswith(".") else ""
        )
    text = _HEADED.sub(_heading, text)
    text = _WAR.sub(_war, text)
    text = _STOPPED.sub("", text)
    text = _BOTH_CENTURIES.sub(_centuries, text)
    text = _UNIT.sub(_ordinal, text)
    text = _CENTURIES.sub(_century, text)
    text = _CENTURY.sub(_century, text)
    text = _ORDINAL.sub(_ordinal, text)
    text = _BEHIND_PART.sub(_part, text)
    text = _REIGNS.sub(lambda match: f"{match[1]} the {ordinal(roman_value(match[2]))}s", text)
    text = _BEHIND_NAME.sub(_reign, text)
    text = _YEAR.sub(lambda match: year(value) if (value := roman_value(match[0])) else match[0], text)
    text = _ENUMERATED.sub(lambda match: f"({cardinal(roman_value(match[1]))})", text)
    text = _LIST.sub(lambda match: _listed(match[0]), text)
    return _BEHIND_WORD.sub(_sequel, text)


def _alone_value(numeral: str) -> int:
    """Of a whole text: XIV, MCMLXXXIV; but DC, MD, CD and MIX are words or letters."""
    value = roman_value(numeral)
    return value if set(numeral) <= set("IVXL") or (len(numeral) > 4 and value > 1000) else 0


def _heading(match: re.Match[str]) -> str:
    numeral, stop = match[1] or match[3], match[2] or match[4]
    value = roman_value(numeral)
    return f"{cardinal(value).capitalize()}{stop}" if value else match[0]


def _listed(numerals: str) -> str:
    """ "I, II and IV", "IV-VI" in words."""
    joints = [" to " if "-" in joint or "–" in joint else joint for joint in _JOINT.findall(numerals)]
    parts = [cardinal(roman_value(numeral)) for numeral in _JOINT.split(numerals)]
    return "".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=True))


def _war(match: re.Match[str]) -> str:
    first = "two" if match[1] in ("II", "2") else "one"
    return f"World Wars {first} and two" if match[3] else f"World War {first}"


def _centuries(match: re.Match[str]) -> str:
    first, last = roman_value(match[1]), roman_value(match[2])
    return f"{ordinal(first)} to {ordinal(last)}" if first and last else match[0]


def _century(match: re.Match[str]) -> str:
    value = roman_value(match[1])
    return ordinal(value) if value and (len(match[1]) > 1 or match[1] in "IVX") else match[0]


def _ordinal(match: re.Match[str]) -> str:
    value = roman_value(match[1])
    return ordinal(value) if value else match[0]


def _part(match: re.Match[str]) -> str:
    part, numerals = match[1].lower(), _JOINT.split(match[3])
    single = part.rstrip("s")
    after = match.string[match.end() : match.end() + 60]
    if numerals == ["I"] and part == "act" and re.match(r",? scene\b", after):
        return f"{match[1]}{match[2]}one"
    lettered = single == "letter" and not match[1].isupper() and any(len(each) == 1 for each in numerals)
    if lettered or not all(map(roman_value, numerals)):
        return match[0]
    first = numerals[0]
    if len(numerals) > 1 and numerals[1] == "I" and not re.match(r"[,.;:!?)\"']|$", after):
        return match[0]  # Chapter V, I think
    if len(numerals) == 1:
        named = re.match(r"[)\].;]|$| (?:errors?|diabetes|civilizations?)\b", after)
        if first == "I" and ((match[1].islower() and not named) or _SAID_BY_ME.match(after)):
            return match[0]
        if first in "LCDM" and (single not in _OF_BOOKS or first in "DM"):
            return match[0]
        if first in ("l", "c", "i") or (single in _LETTERED and first in "lcvx"):
            return match[0]
    elif any(each in "lcdm" or (each in "CDLM" and single in _LETTERED) for each in numerals):
        return match[0]
    return f"{match[1]}{match[2]}{_listed(match[3])}"


def _reign(match: re.Match[str]) -> str:
    """ "Henry VIII" is the eighth; "Charles I" is the first, unless the I is the pronoun."""
    numerals = re.split(r" (?:and|or) |, |-", match[3])
    if match[1] == "Saturn":
        return f"{match[1]} {cardinal(roman_value(match[3]))}" if roman_value(match[3]) else match[0]
    if (match[1], match[3]) == ("Malcolm", "X"):
        return match[0]
    if not all(map(roman_value, numerals)) or any(each in "LCDM" for each in numerals):
        return match[0]
    if len(numerals) == 1:
        before = match.string[max(0, match.start() - 30) : match.start()]
        ruler = _REIGN_OF.search(before) or (
            re.match(rf"(?:{_RULERS}) ", match[1]) and not _TOLD.search(before)
        )
        if (
            numerals[0] == "I"
            and not match[4]
            and not ruler
            and (not _ONE_REIGNS.match(match[5]) or "," in match[2])
        ):
            return match[0]
        if len(numerals[0]) == 1 and _INITIAL.match(match[5]):
            return match[0]  # Edward V. Lee
        if numerals[0] in "VX" and not re.match(rf"(?:{_NAMES}|{_RULERS})", match[1]):
            return match[0]
        return f"{match[1]} the {ordinal(roman_value(numerals[0]))}"
    joints = re.findall(r" (?:and|or) |, |-", match[3])
    if numerals[-1] == "I" and joints[-1] == " and " and not match[4] and not _ONE_REIGNS.match(match[5]):
        return match[0] if len(numerals) > 2 else f"{match[1]} the {ordinal(roman_value(numerals[0]))} and I"
    parts = [f"the {ordinal(roman_value(each))}" for each in numerals]
    joined = "".join(
        part + (" to " if joint == "-" else joint) for part, joint in zip(parts, [*joints, ""], strict=True)
    )
    return f"{match[1]} {joined}"


def _sequel(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 40) : match.start()]
    value = roman_value(match[1])
    return cardinal(value) if value and value < 90 and _CAPITAL_BEFORE.search(before) else match[0]
