"""What YAML's parser says of a fault, in the words of somebody who writes scripts."""

from __future__ import annotations

import re

import yaml

QUOTE = "put text in quotes if it has a colon or begins with one of & * ! % @ ` { [ \" '"
_WORDS = re.compile(r"\s*(?![-#{\[])[^\n:\"']+")


def explained(fault: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """(where in the text the author has to look, what is wrong there and what to do).

    The parser tells where it could go no further; of what was left open that is often pages behind.
    """
    mark = fault.problem_mark or fault.context_mark
    index = min(mark.index, len(text)) if mark else 0
    problem, context = fault.problem or fault.context or "it does not parse", fault.context or ""
    opened = fault.context_mark.index if fault.context_mark else index
    if "quoted scalar" in context:
        return opened, f"this quote has no end; close it with another {text[opened : opened + 1]}"
    if "flow" in context:
        begun = text[opened : opened + 1]
        if "\n" in text[opened:index]:
            return opened, f"this {begun} has no end; close it with {'}' if begun == '{' else ']'}"
    elif "cannot start any token" in problem and text[index : index + 1] == "\t":
        return index, "a tab; indent with spaces"
    elif "mapping values are not allowed" in problem:
        row = text.rfind("\n", 0, index) + 1
        before = text.rfind("\n", 0, max(row - 1, 0)) + 1
        if ":" not in text[row:index] and row and _WORDS.fullmatch(text, before, row - 1):
            return before, "a key without a colon; write key: value"
        return index, f"a second colon in one line; {QUOTE}"
    elif "block" in context and text[text.rfind("\n", 0, index) + 1 : index].isspace():
        return index, "indented otherwise than the lines above that it belongs to; line them up"
    return index, f"{problem}; {QUOTE}"
