"""Signs in words: "&", "@", "→", "≈" and the like; those that mean nothing aloud are removed."""

from __future__ import annotations

import re

_W = r"(?<=[\w.)\]\"'%])"
_SIGNS = [
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"(?<=\w)\s*@\s*(?=\w)|(?<!\S)@\s*(?=\w)"), " at "),
    (re.compile(r"(?<![\w@])@\s*(?=\w)"), "at "),
    (re.compile(r"(?<=\bC)\+\+"), " plus plus"),
    (re.compile(r"(?<=\b[A-F])\+(?!\w)"), " plus"),
    (re.compile(rf"{_W}\s*\+\s*(?=[\w(\"'])"), " plus "),
    (re.compile(r"(?<=\b[A-G])#(?!\w)"), " sharp"),
    (re.compile(r"(?<=\b[A-G])♭"), " flat"),
    (re.compile(r"(?<!\S)#+(?=\s)"), " "),
    (re.compile(rf"{_W}\s*≠\s*"), " is not equal to "),
    (re.compile(rf"{_W}\s*=\s*(?=[\w(-])"), " equals "),
    (re.compile(rf"{_W}\s*×\s*(?=[\w(])"), " times "),
    (re.compile(r"×\s*(?=\w)"), " times "),
    (re.compile(rf"{_W}\s*÷\s*(?=[\w(])"), " divided by "),
    (re.compile(r"√\s*(?=\w)"), " the square root of "),
    (re.compile(r"∞"), " infinity "),
    (re.compile(r"\bπ\b"), " pi "),
    (re.compile(r"(?<=\b[a-z])\s?\*\s?(?=[a-z]\b)"), " times "),
    (re.compile(r"(?<=\w)\s*±\s*"), " plus or minus "),
    (re.compile(r"±\s*"), "plus or minus "),
    (re.compile(r"(?<=\w)\s*[≈≃≅]\s*"), " about "),
    (re.compile(r"[≈≃≅]\s*|(?<![\w~])~\s?(?=[\w$£€])"), "about "),
    (re.compile(r"(?<=\w)\s*≤\s*"), " is less than or equal to "),
    (re.compile(r"(?<=\w)\s*≥\s*"), " is greater than or equal to "),
    (re.compile(r"≤\s*"), "less than or equal to "),
    (re.compile(r"≥\s*"), "greater than or equal to "),
    (re.compile(r"(?<=\w)\s*→\s*(?=\w)"), " to "),
    (re.compile(r"(?<=[\w.)])\s+<\s+(?=[\w(])"), " is less than "),
    (re.compile(r"(?<=[\w.)])\s+>\s+(?=[\w(])"), " is greater than "),
    (re.compile(r"§§\s*"), " sections "),
    (re.compile(r"§\s*"), " section "),
    (re.compile(r"©\s*"), " copyright "),
    (re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), " slash "),
    (re.compile(r"(?<=\w)%|(?<=\w) %(?![\w(])"), " percent "),
    (re.compile(r"(?<=\w)\s*‰"), " per mille "),
    (re.compile(r"(?<=\w)\s?°"), " degrees "),
    (re.compile(r"[™®†‡•·*_^|\\~¶→♭]+"), " "),
    (re.compile(r"\s+"), " "),  # long runs would make the next rules slow
    (re.compile(r"\s*-(?:\s*-)+\s*"), " - "),
    (re.compile(r"\s*–\s*"), " - "),
]
_ANY_SIGN = re.compile(r"[&@+#=×÷±≈≃≅≠√∞π~≤≥<>§©/™®†‡•·*_^|\\¶–→♭%‰°]|- ?-")
"""A character that every match of `_SIGNS` contains: a text without one skips them."""
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_STOP = re.compile(r" (?=[,!?]|[;:](?!\w)|\.(?!\.))")
_SPACE_WITHIN = re.compile(r"(?<=[(\[]) | (?=[)\]])")


_PAIRED = {"+/-": "±", ">=": "≥", "<=": "≤", "->": "→", "!=": "≠"}
_PAIR = re.compile(r"(?<![-<>=!+])(?:\+/-|>=|<=|->|!=)(?![-<>=])")


def paired_signs(text: str) -> str:
    """`text` with signs that are written with two characters as one: "->", ">="."""
    return _PAIR.sub(lambda match: _PAIRED[match[0]], text)


def signs(text: str) -> str:
    """A `text` without figures, its signs in words; spaces inside brackets and before stops are removed."""
    if _ANY_SIGN.search(text):
        for pattern, words in _SIGNS:
            text = pattern.sub(words, text)
    text = _SPACE_WITHIN.sub("", _SPACES.sub(" ", text))
    return _SPACE_BEFORE_STOP.sub("", text).strip()
