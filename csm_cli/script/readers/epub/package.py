"""The package document (OPF) of an EPUB, versions 2 and 3: metadata, reading order, contents, covers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from csm_cli.core.errors import ScriptError
from csm_cli.script.books.contents import Entry
from csm_cli.script.books.html.parts import epub_type
from csm_cli.script.problems import shown
from csm_cli.script.readers.archive import Archive
from csm_cli.script.sources import local_name, parse_page, parse_xml, plain

_CONTAINER = "META-INF/container.xml"
_DC = "{http://purl.org/dc/"
_PAGE_ENDINGS = (".xhtml", ".html", ".htm", ".xml", ".xht")
_NO_PAGES = (
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".css", ".ncx", ".opf", ".js"),
    *(".ttf", ".otf", ".woff", ".woff2", ".mp3", ".mp4", ".m4a", ".pdf", ".smil"),
)
EXTRA = "non-linear"
"""The kind of pages outside the reading order."""


class Package:
    """The package document of an EPUB. What it names wrongly is in `faults`, and does no other harm.

    Attributes:
        metadata: the first value of each Dublin Core element, by its name: title, creator, language.
        items: names in the archive by their ids.
        pages: names of the pages in reading order; then those outside of it.
        contents: the entries of the table of contents, nested ones included.
        kinds: types such as "cover" or "copyright-page" by page, of landmarks (EPUB 3) or guide (EPUB 2).
        covers: names of what is declared to be the cover: images, or pages with one.
        faults: what it names that is not there, a sentence each.

    Raises:
        ScriptError: it is missing or cannot be read.
    """

    def __init__(self, archive: Archive):
        self.metadata: dict[str, str] = {}
        self.items: dict[str, str] = {}
        self.pages: list[str] = []
        self.contents: list[Entry] = []
        self.kinds: dict[str, str] = {}
        self.covers: list[str] = []
        self.faults: list[str] = []
        self._archive = archive
        self._links: dict[tuple[str, str], tuple[str, str]] = {}
        self._name = self._find()
        self._read(_recovered(archive.read(self._name), archive.place(self._name)))

    def resolve(self, page: str, link: str) -> tuple[str, str]:
        """The name in the archive, and the id, that a link on a page leads to; of no file, its path."""
        key = (posixpath.dirname(page.replace("\\", "/")) if link[:1] != "#" else page, link)
        if key not in self._links:
            self._links[key] = self._resolve(page, link)
        return self._links[key]

    def _resolve(self, page: str, link: str) -> tuple[str, str]:
        bare, _, fragment = link.strip().partition("#")
        if not bare:
            return page, unquote(fragment)
        folder = posixpath.dirname(page.replace("\\", "/"))
        ways = [bare, unquote(bare), unquote(bare, "latin-1"), unquote(unquote(bare)), bare.partition("?")[0]]
        for way in dict.fromkeys(ways):
            path = posixpath.normpath(posixpath.join(folder, way.replace("\\", "/")))
            if name := self._archive.find(path):
                return name, unquote(fragment)
        if name := self._archive.find(posixpath.join(folder, unquote(link.strip()))):
            return name, ""  # a name with a # in it
        return posixpath.normpath(posixpath.join(folder, unquote(bare))), unquote(fragment)

    def _find(self) -> str:
        """The name of the package document."""
        there = [name for name in self._archive.names() if name.lower().endswith(".opf")]
        container = self._archive.find(_CONTAINER)
        if not container and there:
            return there[0]
        root = _recovered(self._archive.read(container or _CONTAINER), self._archive.place(_CONTAINER))
        path = next((e.get("full-path") or "" for e in root.iter() if local_name(e) == "rootfile"), "")
        name = self._archive.find(path) or self._archive.find(unquote(path)) if path else ""
        return name or (there[0] if there else unquote(path))

    def _read(self, root: Any) -> None:
        spine: list[tuple[str, bool]] = []
        toc = ""
        items: dict[str, Any] = {}
        covers: list[str] = []
        guide: list[tuple[str, str]] = []
        for element in root.iter():
            name = local_name(element)
            if name == "item":
                items.setdefault(element.get("id") or "", element)
            elif name == "itemref":
                spine.append((element.get("idref") or "", element.get("linear") != "no"))
            elif name == "spine":
                toc = element.get("toc") or ""
            elif name == "reference":
                guide.append((element.get("href") or "", (element.get("type") or "").lower()))
            elif name == "meta" and (element.get("name") or "").lower() == "cover":
                covers.append(element.get("content") or "")
            elif (
                isinstance(element.tag, str)
                and element.tag.startswith(_DC)
                and (text := plain("".join(element.itertext())))
            ):
                self.metadata.setdefault(name, text)
        self.items = {key: self._target(item.get("href") or "") for key, item in items.items()}
        properties = {key: (item.get("properties") or "").split() for key, item in items.items()}
        self.covers = [self.items[key] for key in items if "cover-image" in properties[key]]
        self.covers += [self.items[key] if key in items else self._target(key) for key in covers if key]
        navigation = [key for key in items if "nav" in properties[key]]
        self._read_spine(spine, {self.items[key] for key in navigation}, items)
        for key in navigation:
            self._read_navigation(self.items[key])
            self.kinds.setdefault(self.items[key], "toc")
        if len(self.contents) < 2:
            self._read_ncx(toc if toc in items else "", items)
        self._read_guide(guide)

    def _target(self, href: str) -> str:
        return self.resolve(self._name, href)[0]

    def _read_spine(self, spine: list[tuple[str, bool]], navigation: set[str], items: dict[str, Any]) -> None:
        for identity, linear in dict.fromkeys(spine):
            name = self.items.get(identity)
            if name is None:
                self.faults.append(
                    f'the reading order names "{shown(identity)}", which is not in the manifest'
                )
            elif name.lower().endswith(_NO_PAGES):
                self.faults.append(f'the reading order names "{shown(name)}", which is no page of text')
            elif name not in self.pages:
                self.pages.append(name)
                if not linear:
                    self.kinds.setdefault(name, EXTRA)
        readable = bool(self.pages)
        for key, name in self.items.items():
            page = name.lower().endswith(_PAGE_ENDINGS) or "html" in (items[key].get("media-type") or "")
            if page and name not in self.pages and name not in navigation and self._archive.find(name):
                self.pages.append(name)
                if readable:
                    self.kinds.setdefault(name, EXTRA)

    def _read_guide(self, guide: list[tuple[str, str]]) -> None:
        entries: dict[str, int] = {}
        for page, _, _ in self.contents:
            entries[page] = entries.get(page, 0) + 1
        for href, kind in guide:
            page, fragment = self.resolve(self._name, href)
            if "cover" in kind:
                self.covers.append(page)
            if not fragment or entries.get(page, 0) < 2:  # else the page holds more than that
                self.kinds.setdefault(page, kind)
        self.covers += [page for page, kind in self.kinds.items() if "cover" in kind.split()]

    def _read_navigation(self, path: str) -> None:
        try:
            root = parse_page(self._archive.read(path), self._archive.place(path))
        except ScriptError as error:
            self.faults.append(f"the contents: {error.problems[0].partition(': error: ')[2]}")
            return
        navs = [] if root is None else [each for each in root.iter() if local_name(each) == "nav"]
        for nav in navs:
            kind = epub_type(nav) or (["toc"] if len(navs) == 1 else [])
            for link in (each for each in nav.iter() if local_name(each) == "a" and each.get("href")):
                target, fragment = self.resolve(path, link.get("href", ""))
                label = plain("".join(link.itertext()))
                if "toc" in kind and label:
                    self.contents.append((target, fragment, label))
                elif "landmarks" in kind:
                    self.kinds.setdefault(target, " ".join(epub_type(link)))

    def _read_ncx(self, identity: str, items: dict[str, Any]) -> None:
        """Read the contents of EPUB 2, if they have more entries than those that are known."""
        paths = [self.items[identity]] if identity else []
        paths += [
            self.items[key]
            for key, item in items.items()
            if "dtbncx" in (item.get("media-type") or "") or self.items[key].lower().endswith(".ncx")
        ]
        for path in dict.fromkeys(paths):
            try:
                root = _recovered(self._archive.read(path), self._archive.place(path))
            except ScriptError as error:
                self.faults.append(f"the contents: {error.problems[0].partition(': error: ')[2]}")
                continue
            entries = list(self._points(root, path))
            if len(entries) > len(self.contents):
                self.contents = entries

    def _points(self, root: Any, path: str) -> Iterator[Entry]:
        for point in (element for element in root.iter() if local_name(element) == "navpoint"):
            label = href = ""
            for child in point:
                if local_name(child) == "navlabel":
                    label = label or plain("".join(child.itertext()))
                elif local_name(child) == "content":
                    href = child.get("src") or ""
            if label and href:
                yield (*self.resolve(path, href), label)


def _recovered(data: bytes, place: str) -> Any:
    """The root of an XML document, mended as far as possible if it is not well-formed.

    Raises:
        ScriptError: it declares entities, or nothing of it can be read.
    """
    from lxml import etree

    try:
        return parse_xml(data, place)
    except ScriptError as error:
        if "entities" in error.problems[0]:
            raise
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, recover=True
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            root = None
        if root is None:
            raise error from None
        return root
