"""XML and HTML from strangers: nothing is fetched, no entity is expanded, nesting is bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError
from csm_cli.script.source_text import CONTROL

if TYPE_CHECKING:
    from lxml.etree import _Element

_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def words(text: str) -> frozenset[str]:
    """The words of `text` as a set."""
    return frozenset(text.split())


def parse_xml(data: bytes, name: str) -> _Element:
    """The root of an XML document.

    Raises:
        ScriptError: it declares entities, or is not well-formed; one line that names `name`.
    """
    from lxml import etree

    _check_entities(data, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        line = getattr(fault, "lineno", None) or 1
        what = str(getattr(fault, "msg", None) or fault).splitlines()[0]
        raise ScriptError([f"{name}:{line}:1: error: not well-formed XML: {what}"]) from None
    if root is None:
        raise ScriptError([f"{name}: error: not well-formed XML: it is empty"])
    return root


def parse_page(data: bytes, name: str) -> _Element | None:
    """The root of an (X)HTML page, mended where it is broken; None for one without any content."""
    from lxml import etree

    _check_entities(data, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(_plain_entities(data), parser)
        if root is not None:
            return root
    except (etree.XMLSyntaxError, ValueError):
        pass
    broken = etree.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, recover=True)
    try:
        return etree.fromstring(data, broken)
    except (etree.XMLSyntaxError, ValueError):
        return None


def plain(text: str) -> str:
    """`text` on one line, without control characters: a broken page may hold some, as `&#27;`."""
    return " ".join(CONTROL.sub(" ", text).split())


def local_name(element: _Element) -> str:
    """The name of an element without its namespace, in small letters; "" for what is none."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _check_entities(data: bytes, name: str) -> None:
    if _ENTITY.search(data):
        raise ScriptError([f"{name}: error: declares entities of its own; that is refused"])


def _plain_entities(data: bytes) -> bytes:
    """HTML's named entities, which XML does not know, as characters; XML's own five stay."""
    import html

    def one(match: re.Match[bytes]) -> bytes:
        if match[1] in (b"amp", b"lt", b"gt", b"quot", b"apos"):
            return match[0]
        char = html.unescape(match[0].decode("ascii"))
        return match[0] if char.startswith("&") else "".join(f"&#{ord(c)};" for c in char).encode()

    return re.sub(rb"&([A-Za-z][A-Za-z0-9]{1,31});", one, data)
