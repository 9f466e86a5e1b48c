"""`{{name}}` in a text stands for what the script's `variables` say."""

from __future__ import annotations

import re

from csm_cli.script.document import Source
from csm_cli.script.limits import MAX_LINE_CHARACTERS
from csm_cli.script.problems import Problems, did_you_mean, shown

NAME = re.compile(r"[^\W\d][\w-]*")
_USE = re.compile(r"(\\?)\{\{\s*([^{}]{0,100}?)\s*\}\}")
# Around a variable's name in a text that is to be written again; no script holds these characters.
KEPT_OPEN, KEPT_CLOSE = "\x0e", "\x0f"
_KEPT = re.compile(f"{KEPT_OPEN}([^{KEPT_CLOSE}]*){KEPT_CLOSE}")


def fill(text: str, variables: dict[str, str], source: Source, problems: Problems, expand: bool) -> str:
    """`text` with its variables filled in; a backslash before `{{` keeps it as it is.

    Args:
        text: as written.
        variables: texts by name.
        source: where `text` stands.
        problems: where an unknown name is noted.
        expand: False: mark the variables, for `written`, instead of filling them in.
    """

    room = MAX_LINE_CHARACTERS

    def one(match: re.Match[str]) -> str:
        escaped, name = match[1], match[2]
        if escaped:
            return match[0][1:]
        if name not in variables:
            hint = did_you_mean(name, variables) or "; declare it under variables, or write \\{{"
            problems.add(source, f'unknown variable "{shown(name)}"{hint}')
            return match[0]
        nonlocal room
        room -= len(variables[name])
        if room < 0:
            problems.add(source, f"with its variables longer than {MAX_LINE_CHARACTERS} characters")
            return ""
        return variables[name] if expand else f"{KEPT_OPEN}{name}{KEPT_CLOSE}"

    return _USE.sub(one, text)


def written(text: str) -> str:
    """A text that was read unexpanded, as it stood: literal `{{` escaped, marked variables as `{{name}}`."""
    text = re.sub(r"\{\{(?=[^{}]{0,100}\}\})", r"\\{{", text) if "{{" in text else text
    return _KEPT.sub(r"{{\1}}", text)
