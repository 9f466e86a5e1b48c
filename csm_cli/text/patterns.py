"""Regular expressions of a lexicon, matched by RE2: in time proportional to the text, and within limits.

Neither look-around nor references back are known to RE2; with them a pattern could take hours for a line.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator

from csm_cli.core.errors import MissingError

MAX_CHARACTERS = 500
"""Of a pattern, and of what is said in the place of what it matches."""
MAX_PATTERNS = 200
"""In the lexicons of a script: each is searched for in each line."""
SECONDS = 0.5
"""Of computing for one line. A search is never broken off: in the longest line one may take a second."""
MAX_MADE = 200_000
"""Characters that the matches of a line may become."""
_MEMORY = 2**20
_REFERENCE = re.compile(r"\\(?:(\d{1,2})|g<(\w{1,60})>|(\\))")


class PatternError(ValueError):
    """A pattern or its replacement is none; the message says why."""


class OverLimitError(Exception):
    """A pattern took too long for a text, or made too much of it; the message says which."""


class Pattern:
    r"""A regular expression and what is said in its place.

    Args:
        written: the expression, as RE2 reads it.
        say: `\1`, `\g<1>` and `\g<name>` stand for groups.
        case: whether capitals count.

    Raises:
        PatternError: it does not compile, matches nothing at all, or `say` names a group that it lacks.
        MissingError: RE2 is not installed.
    """

    def __init__(self, written: str, say: str, case: bool = True):
        if max(len(written), len(say)) > MAX_CHARACTERS:
            raise PatternError(f"is longer than {MAX_CHARACTERS} characters")
        try:
            import re2
        except ImportError:
            remedy = "pip install google-re2"
            raise MissingError(
                "a regular expression needs google-re2", where=written, remedy=remedy
            ) from None
        options = re2.Options()
        options.log_errors, options.max_mem, options.case_sensitive = False, _MEMORY, case
        try:
            self._expression = re2.compile(unicodedata.normalize("NFC", written), options)
        except re2.error as fault:
            reason = fault.args[0]
            raise PatternError(
                reason.decode(errors="replace") if isinstance(reason, bytes) else reason
            ) from None
        if self._expression.fullmatch(""):
            raise PatternError("it matches nothing at all")
        self._parts = list(_parts(say, self._expression.groups, self._expression.groupindex))

    def matches(self, text: str) -> bool:
        """Whether it matches all of a short text."""
        return self._expression.fullmatch(text) is not None

    def replacements(self, text: str) -> list[tuple[int, int, str]]:
        """(Start, end, what is said) of every match in a cleaned text; matches of nothing do not count.

        Raises:
            OverLimitError: it took longer than `SECONDS`, or made more than `MAX_MADE` characters.
        """
        found, made, began = [], 0, time.thread_time()
        for match in self._expression.finditer(text):
            start, end = match.span()
            if start < end:
                said = "".join(part if isinstance(part, str) else match[part] or "" for part in self._parts)
                made += len(said)
                found.append((start, end, said))
            if made > MAX_MADE:
                raise OverLimitError(f"made more than {MAX_MADE} characters of")
            if time.thread_time() - began > SECONDS:
                raise OverLimitError(f"took longer than {SECONDS:g} s for")
        if time.thread_time() - began > SECONDS:
            raise OverLimitError(f"took longer than {SECONDS:g} s for")
        return found


def words_alone(say: str) -> str:
    """A replacement without its references to groups."""
    return _REFERENCE.sub(" ", say)


def _parts(say: str, groups: int, names: dict[str, int]) -> Iterator[str | int]:
    """Texts, and numbers of groups."""
    done = 0
    for reference in _REFERENCE.finditer(say):
        yield say[done : reference.start()]
        done = reference.end()
        number, name, _ = reference.groups()
        if name and name.isdigit():
            number, name = name, None
        if number and int(number) > groups:
            raise PatternError(f"it has {groups} groups, and {reference[0]} is not one of them")
        if name and name not in names:
            raise PatternError(f'it has no group called "{name}"')
        yield int(number) if number else names[name] if name else "\\"
    yield say[done:]
