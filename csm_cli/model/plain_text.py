"""Text that users write, as token ids that never mean anything but that text. No torch here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def plain_ids(encode: Callable[[str], list[int]], reserved: Mapping[int, str], text: str) -> list[int]:
    """Token ids of `text` in which strings such as `<|AUDIO|>` are spelled out like any other.

    Args:
        encode: text → ids; should itself be told to leave special tokens alone, where it can be.
        reserved: ids and strings of the tokens that may not come out. Strings of one character are let
            through: they are letters.
    """
    ids = encode(text)
    names = {i: name for i, name in reserved.items() if len(name) > 1}
    if not names.keys() & set(ids):
        return ids
    # Cut behind the first character of each reserved string: neither part can match it.
    pattern = "|".join(re.escape(name) for name in sorted(names.values(), key=len, reverse=True))
    cuts = [match.start() + 1 for match in re.finditer(pattern, text)]
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [i for part in parts if part for i in encode(part)]
