"""Numbers in other languages than English, by num2words where it is installed."""

from __future__ import annotations

import re
from functools import cache

_NUMBER = re.compile(r"(?<![\w.,:/-])[0-9]{1,12}(?:[.,][0-9]{1,6})?(?![\w]|[.,:/-][0-9])")
_POINT = re.compile("[.,]")


@cache
def has_numbers(language: str) -> bool:
    """Whether numbers of that language can be put into words."""
    return _words("1", language) != "1"


def numbers_in(text: str, language: str) -> str:
    """`text` with plain whole and decimal numbers in words; all that is harder stays as it is."""
    if not has_numbers(language):
        return text
    return _NUMBER.sub(lambda match: _words(match[0], language), text)


@cache
def _words(number: str, language: str) -> str:
    try:
        from num2words import num2words
    except ImportError:
        return number
    if len(number) > 1 and number.startswith("0") and number.isdigit():
        return number  # a telephone number, or an agent's
    value = float(_POINT.sub(".", number)) if _POINT.search(number) else int(number)
    for tag in (language.replace("-", "_"), language.split("-")[0]):
        try:
            return str(num2words(value, lang=tag))
        except (NotImplementedError, KeyError, TypeError, ValueError, OverflowError):
            continue
    return number
