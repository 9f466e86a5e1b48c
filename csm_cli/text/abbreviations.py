"""English abbreviations and initials in words."""

from __future__ import annotations

import re

from csm_cli.text.numbers import COUNTED, NUMBER

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
    "Wm": "William",
    "Chas": "Charles",
    "Geo": "George",
    "Thos": "Thomas",
    "Jas": "James",
    "Rep": "Representative",
    "Amb": "Ambassador",
    "Fr": "Father",
    "Bp": "Bishop",
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
    "ibid.": "ibidem",
    "Ibid.": "Ibidem",
    "et seq.": "and following",
    "Jr": "Junior",
    "Ltd": "Limited",
    "vs": "versus",
    "viz": "namely",
    "&c": "et cetera",
    "incl.": "including",
    "excl.": "excluding",
    "esp.": "especially",
    "misc.": "miscellaneous",
    "Mfg.": "Manufacturing",
    "Assn.": "Association",
    "Univ.": "University",
    "Pkwy.": "Parkway",
    "Mts.": "Mountains",
    "Is.": "Islands",
}
_SHORT = (
    "p. page|pp. pages|pg. page|nr. number|ch. chapter|chs. chapters|chap. chapter|chaps. chapters"
    "|vol. volume"
    "|vols. volumes|fig. figure"
    "|figs. figures|sec. section|secs. sections|art. article|arts. articles|par. paragraph|para. paragraph"
    "|paras. paragraphs|op. opus|pop. population|est. established|tel. telephone|ext. extension"
    "|ver. version|ep. episode"
    "|eps. episodes|bk. book|bks. books|pt. part|pts. parts|temp. temperature|lat. latitude|long. longitude"
    "|alt. altitude|elev. elevation|wt. weight|apt. apartment|rm. room|no. number|nos. numbers"
    "|lv. level|rte. route"
    "|ste. suite|flt. flight|sched. schedule|approx. approximately|max. maximum|min. minimum"
    "|avg. average|app. appendix"
)
_BEFORE_FIGURES = {
    "ca.": "circa", "c.": "circa", "b.": "born", "d.": "died", "fl.": "flourished", "l.": "line",
    "ll.": "lines", "Rt.": "Route", "Hwy.": "Highway",
}  # fmt: skip
for _entry in _SHORT.split("|"):
    _abbreviation, _word = _entry.split(" ")
    _BEFORE_FIGURES |= {_abbreviation: _word, _abbreviation.capitalize(): _word.capitalize()}
_NUMBERED = {
    "Vol": "Volume",
    "Ch": "Chapter",
    "Chap": "Chapter",
    "Bk": "Book",
    "Pt": "Part",
    "Fig": "Figure",
    "Sc": "Scene",
    "Vols": "Volumes",
    "Chs": "Chapters",
    "Chaps": "Chapters",
    "Bks": "Books",
    "Pts": "Parts",
    "Figs": "Figures",
    "Nos": "Numbers",
    "No": "Number",
    "Art": "Article",
    "Arts": "Articles",
    "Sec": "Section",
    "Op": "Opus",
    "App": "Appendix",
    "Pl": "Plate",
}
_BEFORE_NUMERALS = _NUMBERED | {short.lower(): word.lower() for short, word in _NUMBERED.items()}
_BEFORE_NUMERALS |= {"p": "page", "pp": "pages"}
_OF_MONTHS = {"inst": "instant", "ult": "ultimo", "prox": "proximo"}
_SLASHED = {
    "w/o": "without",
    "w/": "with ",
    "b/c": "because",
    "and/or": "and or",
    "either/or": "either or",
    "c/o": "care of",
    "s/he": "he or she",
}
_SLASHED |= {
    "n/a": "not applicable",
    "N/A": "not applicable",
    "km/h": "kilometers per hour",
    "m/s": "meters per second",
}
_STATES = (
    "Ala Alabama|Ariz Arizona|Ark Arkansas|Calif California|Cal California|Colo Colorado"
    "|Conn Connecticut|Del Delaware"
    "|Fla Florida|Ga Georgia|Ill Illinois|Ind Indiana|Kan Kansas|Kans Kansas|Ky Kentucky|Md Maryland"
    "|Mass Massachusetts"
    "|Mich Michigan|Minn Minnesota|Miss Mississippi|Mo Missouri|Mont Montana|Neb Nebraska|Nebr Nebraska"
    "|Nev Nevada"
    "|Okla Oklahoma|Ore Oregon|Pa Pennsylvania|Penn Pennsylvania|Tenn Tennessee|Tex Texas|Va Virginia"
    "|Vt Vermont"
    "|Wash Washington|Wis Wisconsin|Wyo Wyoming|Ont Ontario|Que Quebec"
)
_STATE_NAMES = dict(entry.split(" ") for entry in _STATES.split("|"))
_BIBLE = (
    "Gen Genesis|Ex Exodus|Exod Exodus|Lev Leviticus|Num Numbers|Deut Deuteronomy|Josh Joshua"
    "|Judg Judges|Sam Samuel"
    "|Kgs Kings|Chron Chronicles|Neh Nehemiah|Ps Psalm|Pss Psalms|Prov Proverbs|Eccl Ecclesiastes"
    "|Isa Isaiah|Jer Jeremiah"
    "|Ezek Ezekiel|Dan Daniel|Hos Hosea|Matt Matthew|Mt Matthew|Mk Mark|Lk Luke|Jn John|Rom Romans"
    "|Cor Corinthians"
    "|Gal Galatians|Eph Ephesians|Phil Philippians|Col Colossians|Thess Thessalonians|Tim Timothy"
    "|Heb Hebrews|Jas James"
    "|Pet Peter|Rev Revelation|Macc Maccabees"
)
_BIBLE_NAMES = dict(entry.split(" ") for entry in _BIBLE.split("|"))


def _one_of(words: object) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))  # type: ignore[call-overload]


_TITLE = re.compile(rf"\b({'|'.join(_TITLES)})\.(?=\s|$)")
_BARE_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|Mme|Mlle|Messrs|Mt)(?=\s[A-Z])")
_WORD = re.compile(rf"(?<![\w.])({_one_of(_WORDS)})(?!\w)")
_UNDOTTED = re.compile(r"(?<![\w.])(Jr|Ltd|vs|viz|&c)(?![\w.])")
_BEFORE_FIGURE = re.compile(rf"(?<![\w.])(?<![0-9] )({_one_of(_BEFORE_FIGURES)})\s?(?=[0-9])")
_BEFORE_NUMERAL = re.compile(rf"\b({_one_of(_BEFORE_NUMERALS)})\.\s?(?=(?:[IVXL]+|[ivxl]+)\b)")
_LEVEL = re.compile(r"\b([Ll])vl\.? ?(?=[0-9])")
_OF_MONTH = re.compile(rf"(?<=[0-9](?:st|nd|rd|th) )({'|'.join(_OF_MONTHS)})\.")
_SLASH = re.compile(
    r"(?<![\w/])(?<![0-9] )(w/o|b/c|and/or|either/or|c/o|s/he|[nN]/[aA]|km/h|m/s|w/)(?=\s|$|[.,;:!?)\]\"'])"
    r"|(?<![\w/])(w/)(?=[a-z])"
)
_STATE = re.compile(rf"(?<=[a-z], )({'|'.join(_STATE_NAMES)})(?:\.|(?=,? |$))")
_VERSE = re.compile(rf"\b({'|'.join(_BIBLE_NAMES)})\.? (?=[0-9]{{1,3}}:[0-9])")
_AGAINST = re.compile(r"(?<=[a-z.]) v\.? (?=[A-Z])|(?<=[A-Z]) v\. (?=[A-Z])")
_CENTURY = re.compile(r"(?<=[0-9](?:st|nd|rd|th) )[cC]\.(?=\W|$)")
_FOLLOWING = re.compile(r"(?<=[0-9])\s?ff?\.(?=\W|$)")
_PLURAL = re.compile(r"(?<=[a-z])\((e?s)\)")
_NEGATED = re.compile(
    r"\b(?:an?|the|that|this|his|her|my|one|ripe|last|every|dried|single|fresh|ate|eat)(?: [a-z]+)? $"
    r"|\b(?:ate|eat|eating|picked)\b.{0,25}$"
)
_NUMBERED_BEFORE = re.compile(
    r"\b(?:the|[Rr]ooms?|[Pp]latform|[Ss]ee|[Oo]pus|[Ss]ymphony|[Ss]onata|[Cc]oncerto|[Bb]us) $|, $"
)
_DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_DIRECTION = re.compile(
    r"\b([NSEW])\.? (?=(?:[0-9]+(?:st|nd|rd|th)|[A-Z][a-z]+) (?:St|Ave|Rd|Blvd|Dr|Ln|Street|Avenue|Road"
    r"|Drive|Boulevard)\b)"
)
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
        text = _SLASH.sub(lambda match: _SLASHED.get(match[0]) or _SLASHED[match[0].lower()], text)
    text = _BARE_TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _LEVEL.sub(r"\1evel ", text)
    text = _DIRECTION.sub(lambda match: f"{_DIRECTIONS[match[1]]} ", text)
    if "St" in text:
        text = _STREET.sub(_street, text)
        text = _SAINT.sub("Saint", text)
    if ":" in text:
        text = _VERSE.sub(lambda match: f"{_BIBLE_NAMES[match[1]]} ", text)
    if ", " in text:
        text = _STATE.sub(lambda match: _STATE_NAMES[match[1]] + _stop(match), text)
    if "(" in text:
        text = _PLURAL.sub(r"\1", text)
    text = (_WORD if "." in text else _UNDOTTED).sub(lambda match: _WORDS[match[1]] + _stop(match), text)
    if "." not in text:
        return text
    text = _AGAINST.sub(" versus ", text)
    text = _CENTURY.sub(lambda match: f"century{_stop(match)}", text)
    text = _FOLLOWING.sub(" and following", text)
    text = _DRIVE.sub(lambda match: f"{match[1]} Drive{_stop(match)}", text)
    text = _TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _BEFORE_FIGURE.sub(_before_figure, text)
    text = _BEFORE_NUMERAL.sub(lambda match: f"{_BEFORE_NUMERALS[match[1]]} ", text)
    text = _OF_MONTH.sub(lambda match: _OF_MONTHS[match[1]] + _stop(match), text)
    text = _INITIALS.sub(_initials, text)
    return _INITIAL.sub(_initial, text)


def _before_figure(match: re.Match[str]) -> str:
    """ "no. 7" is number seven, but not in "The answer was no. 5 people left."."""
    short, text = match[1], match.string
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 60]
    counted = re.match(rf"(?:{NUMBER}){COUNTED}", after)
    if short in ("no.", "No.") and counted and not _NUMBERED_BEFORE.search(before):
        return match[0]
    if short in ("fig.", "figs.", "art.", "sec.", "est.", "min.", "pt.", "app.") and _NEGATED.search(before):
        return match[0]
    if short in ("b.", "d.", "fl.") and not re.match(r"(?:c\. ?|ca\. ?)?[12]?[0-9]{3}\b", after):
        return match[0]
    return f"{_BEFORE_FIGURES[short]} "


def _street(match: re.Match[str]) -> str:
    """Street after a name ("Baker St."), else unchanged, for Saint ("to St. Ives")."""
    before, after = match.string[: match.start()].split(), match.string[match.end() :]
    named = (before[-1][:1].isupper() or re.fullmatch("[0-9]+(?:st|nd|rd|th)", before[-1])) and not re.match(
        r"\s+[A-Z]", after
    )
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
