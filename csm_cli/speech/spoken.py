"""What is written, as it is said. English for now; what is displayed stays as written."""

from __future__ import annotations

import re
import unicodedata

from csm_cli.speech.amounts import figures_to_words

# Signs that carry no sound: soft hyphen, zero-width space, joiners of no word, marks of direction.
_SILENT = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF])
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛‹›′`´", "'"),
        **dict.fromkeys("‐‑‒−", "-"),
        **dict.fromkeys("—―", " - "),
        "…": "...",
    }
)
# Letters that only look different: full-width forms and ligatures. NFKC at large would turn x² into x2.
_LOOKALIKE = re.compile("[\ufb00-\ufb06\uff01-\uff5e]+")

_TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "Capt": "Captain",
    "Sgt": "Sergeant",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Gen": "General",
    "Rev": "Reverend",
    "Mt": "Mount",
}
_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Blvd.": "Boulevard",
}
_TITLE = re.compile(rf"\b({'|'.join(_TITLES)})\.(?=\s|$)")
_WORD = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _WORDS))})(?!\w)")
_SAINT = re.compile(r"\bSt\.(?=\s+[A-Z])")
_STREET = re.compile(r"(?<=\w )St\.(?!\w)")
_INITIALS = re.compile(r"(?<![\w.])(?:[A-Z]\.\s?){2,}")
_INITIAL = re.compile(r"((?:^|[A-Z][a-z]+) [A-Z]|^[A-Z])\. (?=[A-Z][a-z])")
_SENTENCE = re.compile(
    r"(?:The|Then|He|She|It|They|We|I|But|And|A|An|In"
    r"|On|At|So|You|This|That|There|What|When|Who|Why|How)\b"
)

_SIGNS = [
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"(?<=\w)\s*@\s*(?=\w)"), " at "),
    (re.compile(r"(?<=\w)\s*\+\s*(?=\w)"), " plus "),
    (re.compile(r"(?<=\w)\s*=\s*(?=\w)"), " equals "),
    (re.compile(r"\s*-{2,}\s*"), " - "),
    (re.compile(r"\s*–\s*"), " - "),
    (re.compile(r"\.{4,}"), "..."),
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[,;:!?]|\.(?!\.))"), ""),
]


def spoken_text(text: str) -> str:
    """The words and plain punctuation to be said for a written English `text`.

    Figures become words, common abbreviations are read out, typographic quotes, dashes and ellipses become
    plain ones, white space is collapsed. Letters of any script pass as they are (see `fold_to`).
    """
    text = unicodedata.normalize("NFC", text.translate(_SILENT))
    text = _LOOKALIKE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = " ".join(text.translate(_PLAIN).split())
    text = figures_to_words(_abbreviations(text))
    for pattern, said in _SIGNS:
        text = pattern.sub(said, text)
    return text.strip()


def _abbreviations(text: str) -> str:
    if "." not in text:
        return text
    text = _TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _WORD.sub(lambda match: _WORDS[match[1]] + _stop(match), text)
    text = _STREET.sub(_street, text)
    text = _SAINT.sub("Saint", text)
    text = _INITIALS.sub(_initials, text)
    return _INITIAL.sub(_initial, text)


def _street(match: re.Match[str]) -> str:
    """Street behind a name ("Baker St."), else left to be a Saint ("to St. Ives")."""
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
    """The full stop that an abbreviation shares with its sentence, if a sentence ends there."""
    after = match.string[match.end() :].lstrip("\"')]")
    return "." if not after.strip() or _SENTENCE.match(after.lstrip()) else ""
