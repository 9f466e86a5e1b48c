"""What a row of a Fountain script is by itself, and its title page."""

from __future__ import annotations

import re
from typing import NamedTuple

from csm_cli.script.document import METADATA, NARRATOR, CastMember
from csm_cli.script.header import Header, default_header
from csm_cli.script.markup import plain_text
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.sources import ParseState

BLANK = "\x00"
"""Replaces a character that is not spoken, so that the rest keeps its column; no script contains it."""
LONGEST_NAME = 200
_BONEYARD = re.compile(r"/\*.*?(\*/|\Z)", re.DOTALL)
_MARKS = re.compile(r"\[\[|\]\]|\n\n")  # begin and end of a note; a blank row, which no note spans
_HEADING = re.compile(r"(?:INT|EXT|EST|INT\.?\s?/\s?EXT|EXT\.?\s?/\s?INT|I\.?/E)(?:\.|\s)", re.IGNORECASE)
_SCENE_NUMBER = re.compile(r"[\w.-]+")
_CHARACTER = re.compile(r"([^()]+)((?:\([^()]*\)\s*)*)")
_FORCED_CHARACTER = re.compile(r"@([^()^]+)((?:\([^()]*\)\s*)*)\^?")
_EXTENSION = re.compile(r"\(([^()]*)\)")
_CONTINUED = re.compile(r"cont(?:['’]?d|inued|inuing)?\.?|more", re.IGNORECASE)
_CARD = re.compile(
    r"(?:(?:SUB|MAIN |OPENING )?TITLES?(?: CARD)?|SUPER(?:IMPOSE)?|CAPTION|CHYRON|INSERT"
    r"|ON[ -]SCREEN(?: TEXT)?)(?: \([^()]*\))?\s*:"
)
_FADES = re.compile(
    r"""
      FADES? (?:\ IN | \ UP | \ OUT | \ DOWN | \ TO\ [A-Z]+ )
    | (?: SMASH | MATCH | JUMP | HARD | QUICK | TIME | SHOCK | FLASH | STRAIGHT )\ CUT
    | (?: [A-Z]+\ )? (?: CUT | SMASH | FADE | DISSOLVE | WIPE )\ TO (?: \ BLACK | \ WHITE )?
    | (?: CROSS[ -]? | SLOW\ | QUICK\ | LAP\ )? (?: FADE | DISSOLVE )
    | (?: WIPE | WHIP\ PAN | MATCH\ DISSOLVE | RIPPLE\ DISSOLVE )
    | IRIS\ (?: IN | OUT )
    | BACK\ TO\ SCENE
    """,
    re.VERBOSE,
)
_INTERCUT = re.compile(r"(?:(?:BEGIN|END|END OF|RESUME|BACK TO) )?INTERCUT(?:TING)?(?![^\W_])")
_GOES_ON = re.compile(r"\((?:CONTINUED|MORE)\)|CONTINUED:(?: ?\(\d{1,3}\))?")
_TO = re.compile(r".*\bTO:", re.DOTALL)
_WRAPPED = re.compile(r"([*_]{1,5})(?=\S)(.+?)(?<=\S)[*_]{1,5}", re.DOTALL)
_KEY = re.compile(r"([^\W\d_][\w -]{0,40}):\s*(.*)")
_KNOWN = (
    *("title", "credit", "author", "authors", "source", "notes"),
    *("draft date", "date", "contact", "copyright", "voices"),
)
_KEYS = {"author": "author", "authors": "author", "draft date": "date", "copyright": "copyright"}


class Character(NamedTuple):
    """The row that names a speaker: the name, and its extensions such as V.O. without that of a speech
    that goes on."""

    name: str
    extensions: tuple[str, ...]


def blanked(text: str) -> str:
    """`text` with everything but its line ends replaced by `BLANK`."""
    return re.sub(r"[^\n]", BLANK, text)


def without_boneyard(text: str) -> tuple[str, int]:
    """`text` with its boneyards blanked out, and the index of one that has no end; -1: all have one."""
    unclosed = next((match.start() for match in _BONEYARD.finditer(text) if not match[1]), -1)
    return _BONEYARD.sub(lambda match: blanked(match[0]), text), unclosed


def without_notes(text: str) -> str:
    """`text` with its `[[notes]]` blanked out; unbalanced marks are kept."""
    kept, done, begun = [], 0, -1
    for mark in _MARKS.finditer(text):
        if mark[0] == "]]" and begun >= 0:
            kept += [text[done:begun], blanked(text[begun : mark.end()])]
            done, begun = mark.end(), -1
        elif mark[0] == "\n\n":
            begun = -1
        elif mark[0] == "[[" and begun < 0:
            begun = mark.start()
    return "".join([*kept, text[done:]])


def unwrapped(text: str) -> str:
    """`text` without the emphasis that stands around all of it: `_**CUT TO:**_`."""
    if text[:1] not in ("*", "_") or not (match := _WRAPPED.fullmatch(text)):
        return text
    marks = match[1]
    inside = text[len(marks) : -len(marks)]
    return inside if text.endswith(marks[::-1]) and marks[0] not in inside else text


def in_capitals(text: str) -> bool:
    """Whether a text has capital letters, of any alphabet, and no small ones."""
    return any(map(str.isupper, text)) and not any(map(str.islower, text))


def scene_heading(text: str) -> str:
    """The heading of a row such as "INT. ROOM - NIGHT #4#", without its number; "" if it is none."""
    text = unwrapped(text)
    return without_scene_number(text) if _HEADING.match(text) else ""


def without_scene_number(heading: str) -> str:
    """A scene heading without the `#4A#` at its end."""
    heading = heading.rstrip()
    before, mark, number = heading[:-1].rpartition("#")
    numbered = heading.endswith("#") and mark and _SCENE_NUMBER.fullmatch(number)
    return before.rstrip() if numbered else heading


def is_known_transition(text: str, *, alone: bool) -> bool:
    """Whether a row is one of the usual transitions, which need no ">" and no "TO:": `FADE OUT.`

    Args:
        text: the row.
        alone: it stands between blank rows. Then it may have small letters: `Fade out.`
    """
    text = unwrapped(text).rstrip(":. ")
    if in_capitals(text):
        return bool(_FADES.fullmatch(text) or _INTERCUT.match(text))
    return alone and bool(_FADES.fullmatch(text.upper()))


def is_continuation(text: str) -> bool:
    """Whether a row says that a scene goes on from page to page: `(CONTINUED)`, `CONTINUED: (2)`."""
    return bool(_GOES_ON.fullmatch(unwrapped(text)))


def is_transition(text: str) -> bool:
    """Whether a row behind a blank one is a transition: in capitals, ending in "TO:"."""
    text = unwrapped(text)
    return bool(_TO.fullmatch(text)) and in_capitals(text)


def is_card(text: str) -> bool:
    """Whether a row is the text of a title card, `SUPER: LONDON, 1890`, and so names nobody."""
    return bool(_CARD.match(unwrapped(text)))


def character(text: str) -> Character | None:
    """The speaker that a row in capitals names, or one that is forced by "@"; None for other rows."""
    if len(text) > LONGEST_NAME:
        return None
    if text[0] == "@":
        match = _FORCED_CHARACTER.fullmatch(text)
        return _named(match[1], match[2]) if match else None
    match = _CHARACTER.fullmatch(unwrapped(text.rstrip("^ ")))
    if match is None or not in_capitals(match[1]) or is_card(text):
        return None
    return _named(unwrapped(match[1].strip()).rstrip(": "), match[2])


def speaker_name(name: str) -> str:
    """A character's name without the mark of dual dialogue; any case of NARRATOR is the narrator."""
    name = " ".join(name.replace("^", "").split())
    return NARRATOR if name.lower() == NARRATOR else name


def _named(name: str, extensions: str) -> Character | None:
    found = (" ".join(note.split()) for note in _EXTENSION.findall(extensions))
    name = speaker_name(name)
    notes = tuple(note for note in found if note and not _CONTINUED.fullmatch(note))
    return Character(name, notes) if name else None


def parenthetical(text: str) -> tuple[str, str] | None:
    """(The parenthetical with which a text begins, what stands behind it); None if it begins with none.

    Emphasis around it counts as part of it: `*(softly)*`. One that has no end is none.
    """
    text = unwrapped(text)
    bare = text.lstrip("*_")
    if bare[:1] != "(":
        return None
    marks, depth = text[: len(text) - len(bare)], 0
    for index, char in enumerate(bare):
        depth += (char == "(") - (char == ")")
        if not depth:
            rest = bare[index + 1 :].removeprefix(marks[::-1]) if marks else bare[index + 1 :]
            inside = " ".join(bare[1:index].split())
            return ("" if _CONTINUED.fullmatch(inside) else inside), rest.strip()
    return None


def read_title_page(rows: list[str], source: SourceText, state: ParseState) -> tuple[Header, int]:
    """The header and the number of rows of the title page, 0 without one.

    Args:
        rows: of the script, with notes and boneyards blanked out.
    """
    header = default_header(source.path, state)
    header.strict_cast = False
    if not _begins(rows[0].strip()):
        return header, 0
    values, end = _values(rows, source.path)
    joined = {key: " ".join(plain_text(text) for text, _ in parts) for key, parts in values.items()}
    if title := joined.get("title"):
        header.title, header.untitled = " ".join(title.split()), False
    for key, value in joined.items():
        name = _KEYS.get(key, key)
        if name == "author":
            header.author = value
        elif name in METADATA and name != "cover":
            header.metadata[name] = value
    for row, place in values.get("voices", []):
        name, _, voice = row.partition(":")
        name = speaker_name(name)
        header.cast[name] = CastMember(name, voice.strip(), None, place)
    return header, end


def _begins(row: str) -> bool:
    """Whether a script's first row begins a title page, not a transition, a title card or a speech."""
    key = _KEY.fullmatch(row)
    if key is None or is_transition(row) or is_known_transition(row, alone=True):
        return False
    return key[1].lower() in _KNOWN or not in_capitals(key[1])


def _values(rows: list[str], path: str) -> tuple[dict[str, list[tuple[str, Source]]], int]:
    """The rows of every value with their places by the key in small letters, and the row behind the page."""
    values: dict[str, list[tuple[str, Source]]] = {}
    key = ""
    for number, row in enumerate(rows):
        text = row.replace(BLANK, "").strip()
        if not text:
            if BLANK in row:
                continue
            return values, number + 1
        place = Source(path, number + 1, len(row) - len(row.lstrip()) + 1)
        if not row[0].isspace():
            if scene_heading(text) or is_known_transition(text, alone=False) or is_transition(text):
                return values, number
            if pair := _KEY.fullmatch(text):
                key, text = " ".join(pair[1].lower().split()), pair[2].strip()
        if text:
            values.setdefault(key, []).append((text, place))
    return values, len(rows)
