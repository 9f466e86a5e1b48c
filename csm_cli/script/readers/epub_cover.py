"""The cover image of an EPUB, in all the ways in which one is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from csm_cli.core.errors import ScriptError
from csm_cli.script.readers.epub_archive import MAX_COVER_BYTES, Archive
from csm_cli.script.readers.epub_package import Package
from csm_cli.script.sources import local_name, parse_page

_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".svg", ".bmp", ".tif", ".tiff", ".avif", ".jxl")
_PAGES = (".xhtml", ".html", ".htm", ".xml")
_MOST_WORDS = 40


class Cover(NamedTuple):
    """A cover.

    Args:
        image: its content and the ending of its name, or None.
        unusable: what to say of a cover that is there and cannot be used; else "".
    """

    image: tuple[bytes, str] | None
    unusable: str = ""


def find_cover(archive: Archive, package: Package) -> Cover:
    """The first cover that can be used: the declared one, or that of the first page."""
    unusable = ""
    for name in dict.fromkeys(_candidates(archive, package)):
        try:
            data = archive.read(name, MAX_COVER_BYTES)
        except ScriptError as error:
            unusable = unusable or f"the cover cannot be read: {error.problems[0].partition(': error: ')[2]}"
            continue
        if data.startswith(b"\xff\xd8\xff"):
            return Cover((data, ".jpg"))
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Cover((data, ".png"))
        unusable = unusable or f"the cover {name} is of a kind that cannot be used; save it as JPEG or PNG"
    return Cover(None, unusable)


def _candidates(archive: Archive, package: Package) -> Iterator[str]:
    for name in package.covers:
        yield from _image(archive, package, name)
    for name in package.pages[:1]:
        yield from _image(archive, package, name, 3)
    for identity, name in package.items.items():
        stem = name.rpartition("/")[2].rpartition(".")[0].lower()
        named = "cover" in stem or "cover" in identity.lower()
        if named and "back" not in stem and name.lower().endswith(_IMAGES):
            yield name


def _image(archive: Archive, package: Package, name: str, most: int = _MOST_WORDS) -> Iterator[str]:
    """The image with this name, or the only one on the page with this name and at most so many words."""
    if not name.lower().endswith(_PAGES):
        yield name
        return
    try:
        root = parse_page(archive.read(name), name)
    except ScriptError:
        return
    body = [] if root is None else [each for each in root.iter() if local_name(each) == "body"]
    if root is None or len("".join((body[0] if body else root).itertext()).split()) > most:
        return
    links = []
    for element in root.iter():
        if local_name(element) in ("img", "image", "object"):
            link = element.get("src") or element.get("data") or element.get("href")
            link = link or element.get("{http://www.w3.org/1999/xlink}href")
            links += [link] if link else []
    if len(links) == 1:
        yield package.resolve(name, links[0])[0]
