"""Speakers in plain text: `NAME: text`, `Speaker 1: text` and `[S1] text`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from csm_cli.script.header import RESERVED
from csm_cli.script.readers.text_headings import candidate_of
from csm_cli.script.readers.text_rows import Row

_TAGGED = re.compile(r"\[((?:S|Speaker\s*)[0-9]{1,3})\]:?\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"(Speaker\s*[0-9A-Z]{1,3})\s*:\s+", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d_][^\n:!?.,;\"“”]{0,38}[\w.)])\s*:\s+(?=\S)")
_MOST_COLUMNS = 44


class Speakers:
    """Names before a colon, at least twice: a single one may be a sentence such as "Note: …".

    Args:
        rows: of the whole text.
        declared: names that count in any case.
    """

    def __init__(self, rows: Iterable[Row], declared: Iterable[str]):
        counts: Counter[str] = Counter()
        filled = 0
        for row in rows:
            if not row.text:
                continue
            filled += 1
            named = _NAMED.match(row.text) if ":" in row.text[:_MOST_COLUMNS] else None
            if named and named[1][0].isupper() and len(named[1].split()) <= 4 and not _is_heading(row.text):
                counts[" ".join(named[1].split())] += 1
        mostly = sum(counts.values()) * 2 > filled  # if most rows have a name, once is enough
        often = {name for name, count in counts.items() if count > 1 or mostly}
        if often:  # in a dialogue, a single name in capitals is one too
            often |= {name for name in counts if name.isupper() and len(name) > 1}
        self._names = (often - set(RESERVED)) | set(declared)

    def find(self, text: str) -> re.Match[str] | None:
        """The speaker's name, its first group, and the marks around it at the beginning of a row."""
        if text[0] == "[":
            return _TAGGED.match(text)
        if ":" not in text[:_MOST_COLUMNS]:
            return None
        if numbered := _NUMBERED.match(text):
            return numbered
        named = _NAMED.match(text)
        return named if named and " ".join(named[1].split()) in self._names else None

    def names(self, text: str) -> bool:
        """Whether a row names its speaker."""
        return self.find(text) is not None


def _is_heading(text: str) -> bool:
    candidate = candidate_of(text)
    return candidate is not None and candidate.kind in ("labelled", "named")
