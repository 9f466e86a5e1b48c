"""E-mail addresses, URLs, handles and hashtags in words."""

from __future__ import annotations

import re

_TLD = "com|org|net|edu|gov|io|co|uk|de|fr|eu|us|ca|au|info|biz|tv|me|dev|app|ai|int|example"
_EMAIL = re.compile(r"(?<![\w.])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+(?<![.-])")
_URL = re.compile(
    rf"(?:https?://|(?<![\w.@])www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]"
    rf"|(?<![\w.@/])(?:[a-z0-9-]{{2,63}}\.)+(?:{_TLD})(?![\w.-]*\w)(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?"
)
_HANDLE = re.compile(r"(?<![\w@#])([@#])([A-Za-z]\w*)")
_FILE = re.compile(
    r"(?<=[\w)-])\.(?=(?:txt|pdf|docx?|odt|rtf|jpe?g|png|gif|svg|webp|mp3|mp4|wav|flac|ogg|avi|mov|zip|tar|gz|exe|html?|css|js|py"
    r"|csv|xlsx?|pptx?|epub|json|xml|md|ya?ml|log|ini|cfg)\b(?!\.?\w))"
)
_MARKS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "?": "question mark",
    "&": "and",
    "#": "hash",
    "%": "percent",
    ":": "colon",
    "~": "tilde",
}


def addresses(text: str) -> str:
    """`text` with e-mail addresses, URLs, handles and hashtags in words; figures are left for later rules."""
    if "@" in text or "#" in text:
        text = _EMAIL.sub(lambda match: _spelled(match[0]), text)
        text = _HANDLE.sub(lambda match: f"{'at' if match[1] == '@' else 'hashtag'} {match[2]}", text)
    if "." in text:
        text = _FILE.sub(" dot ", _URL.sub(_url, text))
    return text


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://(?:www\.)?", "", match[0]).rstrip("/")
    if address.startswith("www."):
        address = f"w w w{address[3:]}"
    return _spelled(address)


def _spelled(address: str) -> str:
    words = re.sub(r"[^\w\s]|_", lambda mark: f" {_MARKS.get(mark[0], ' ')} ", address)
    return " ".join(words.split())
