"""Times of day before they are read out: spans of them, and those with a full stop for a colon."""

from __future__ import annotations

import re

_HOUR = r"(2[0-3]|[01]?[0-9])"
_SPAN = re.compile(
    r"(?:(?<=[0-9][ap]m)|(?<=[0-9] [ap]m)|(?<=[ap]\.m\.))\s?[-–]\s?(?=[0-9])"
    r"|(?<=[0-9])\s?[-–]\s?(?=[0-9]{1,2}(?::[0-9]{2})?\s?[ap]\.?m\b)"
    r"|(?<=:[0-9]{2})\s?[-–]\s?(?=[0-9]{1,2}:[0-9]{2})",
    re.IGNORECASE,
)
_NO_DECIMAL = re.compile(
    rf"(?:(?<=\bat )|(?<=\b[Tt]he )){_HOUR}\.([0-5][05])"
    r"(?= o'clock\b| (?:train|express|bus|ferry|from|every|sharp|precisely)\b)"
)
# "at 6.45" alone may be a price: it is a time at the end, or where the sentence goes on with a new part.
_AT = re.compile(
    rf"(?<=\bat ){_HOUR}\.([0-5]5|[1-5]0)"
    r"(?=[,;.!?]?(?:$|[\s\"']+(?:and|in|on|when|the|she|he|we|they|I|it)\b))"
)


def hours(text: str) -> str:
    """`text` with "to" between two times ("9am-5pm"), and British times ("at 6.45") with a colon."""
    return _AT.sub(r"\1:\2", _NO_DECIMAL.sub(r"\1:\2", _SPAN.sub(" to ", text)))
