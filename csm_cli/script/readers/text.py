"""Parser of plain text: paragraphs between blank rows, with the usual ways of naming speakers.

`NAME: text`, `Speaker 1: text` and `[S1] text` name a speaker; "Chapter 4", alone between blank rows, begins
a chapter; `* * *` is a scene break. Nothing else has a meaning, and every other character is kept.
"""

from __future__ import annotations

import re
from collections import Counter

from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import RESERVED, default_header
from csm_cli.script.names import Names, name_key
from csm_cli.script.problems import Source, SourceText
from csm_cli.script.sources import ParseState

SCENE = re.compile(r"[*#~_=•⁂·–—-](?:\s*[*#~_=•⁂·–—-]){0,12}")
_NUMBER = r"(?:[0-9]{1,4}|[IVXLC]{1,8}|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve)"
HEADING = re.compile(
    rf"(?:chapter|part|book|act|canto)\s+{_NUMBER}(?:\s*[.:—–-]?\s+\S.{{0,80}}|[.:]?)"
    r"|(?:prologue|epilogue|foreword|preface|introduction|afterword)[.:]?",
    re.IGNORECASE,
)
_MARKED = re.compile(r"#\s+(\S.*)")
_TAGGED = re.compile(r"\[((?:S|Speaker\s*)[0-9]{1,3})\]:?\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"(Speaker\s*[0-9A-Z]{1,3})\s*:\s+", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d_][^\n:!?.,;\"“”]{0,38}[\w.)\u0300-\u036f])\s*:\s+(?=\S)")


def read_text_script(source: SourceText, state: ParseState) -> Screenplay:
    """Parse a plain text; problems are added to `state`."""
    header = default_header(source.path, state)
    header.strict_cast = False
    rows = source.text.split("\n")
    names = Names((name, name_key(name)) for name in [*_speakers(rows), *header.cast])
    builder = ScreenplayBuilder(source.path, header, state)
    speaker, content, place, named_at, fresh = NARRATOR, list[str](), None, Source(source.path, 1, 1), True

    def end() -> None:
        nonlocal content, fresh
        text = " ".join(content)
        if any(map(str.isalnum, text)):
            assert place is not None
            _open(builder, header.title, place)
            builder.add_line(speaker, text, named_at=named_at, source=place, new_paragraph=fresh)
            fresh = False
        elif text:
            builder.append(text)
        content = []

    for number, row in enumerate([*rows, ""], 1):
        text = row.strip()
        here = Source(source.path, number, len(row) - len(row.lstrip()) + 1)
        alone = not content and (number >= len(rows) or not rows[number].strip())
        if not text:
            end()
            fresh, speaker = True, NARRATOR
        elif alone and ((title := _MARKED.fullmatch(text)) or HEADING.fullmatch(text)):
            builder.begin_chapter(title[1] if title else text, here)
        elif alone and SCENE.fullmatch(text):
            _open(builder, header.title, here)
            builder.add_scene_break(here)
        else:
            if named := _speaker(text, names):
                end()
                speaker, named_at = " ".join(named[1].split()), here
                text = text[named.end() :]
                here = Source(here.path, here.line, here.column + named.end())
            if text:
                place = here if not content else place
                content.append(text)
        if state.problems.full:
            break
    return builder.finish()


def _open(builder: ScreenplayBuilder, title: str, source: Source) -> None:
    if not builder.in_chapter:
        builder.begin_chapter(title, source, implied=True)


def _speaker(row: str, names: Names) -> re.Match[str] | None:
    if row[0] == "[":
        return _TAGGED.match(row)
    if ":" not in row[:44]:
        return None
    if numbered := _NUMBERED.match(row):
        return numbered
    named = _NAMED.match(row)
    if named is None:
        return None
    return named if names.exactly(named[1]) or (named[1][0].isupper() and names.find(named[1])) else None


def _speakers(rows: list[str]) -> set[str]:
    """Names before a colon, at least twice: a single one may be a sentence such as "Note: …"."""
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    filled = 0
    for row in rows:
        text = row.strip()
        if not text:
            continue
        filled += 1
        named = _NAMED.match(text) if ":" in text[:44] else None
        if named and named[1][0].isupper() and len(named[1].split()) <= 4:
            counts[spelled.setdefault(name_key(named[1]), " ".join(named[1].split()))] += 1
    mostly = sum(counts.values()) * 2 > filled  # if most rows have a name, once is enough
    often = {name for name, count in counts.items() if count > 1 or mostly}
    if often:  # in a dialogue, a single name in capitals is one too
        often |= {name for name in counts if name.isupper() and len(name) > 1}
    return often - set(RESERVED)
