"""Entries of a list of contents, compared with the headings that they stand for."""

from __future__ import annotations

import re

from csm_cli.script.readers.text_headings import candidate_of, undecorated

PAGE = re.compile(
    r"(?:\s{0,40}(?:\.\s?|·\s?|…|_){2,60}\s{0,40}|\s{2,40}|\t)(?:p(?:age|\.)?\s*)?(?:\d{1,4}|[ivxlc]{1,7})$"
)
_LAST_NUMBER = re.compile(r"\s+\d{1,4}$")
_NUMBER = re.compile(r"(?:\d{1,3}|[IVXLC]{1,8})[.):\s—–-]+(?=\S)")
"""The page of an entry, behind dots or blanks."""
_LONGEST_ENTRY = 160


def entry_key(text: str) -> str:
    """What an entry and its heading have in common: label and number, else the letters of the title."""
    if len(text) > _LONGEST_ENTRY:
        return "="
    bare = undecorated(PAGE.sub("", text))
    found = candidate_of(bare)
    if found and found.kind == "labelled":
        return f"{found.style} {found.value}"
    if not PAGE.search(text):
        bare = _LAST_NUMBER.sub("", bare) or bare
        if (found := candidate_of(bare)) and found.kind == "labelled":
            return f"{found.style} {found.value}"
    bare = _NUMBER.sub("", bare, count=1)
    return "=" + "".join(filter(str.isalnum, bare.casefold()))
