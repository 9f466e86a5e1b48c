"""E-books made for the tests."""

from __future__ import annotations

import zipfile
from itertools import groupby
from pathlib import Path

from csm_cli.script import Chapter, Line, SceneBreak

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0" + bytes(40)


def page(body: str, *, kind: str = "") -> str:
    """An XHTML page."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">\n'
        "<head><title>x</title><style>p {}</style></head>\n"
        f'<body epub:type="{kind}">\n{body}\n</body></html>'
    )


def make_epub(
    path: Path,
    pages: dict[str, str],
    contents: list[tuple[str, str]],
    *,
    version: int = 3,
    **extra: str | bytes,
) -> Path:
    """Write an EPUB.

    Args:
        pages: XHTML by file name, in reading order.
        contents: (link, label) of the table of contents.
        version: 3 has a navigation page, 2 an NCX.
        extra: further files by name, their dots written as double underscores.
    """
    items = [
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(pages)
    ]
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages)))
    files: dict[str, str | bytes] = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    if version == 3:
        items += [
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>',
            '<item id="c" href="cover.png" properties="cover-image" media-type="image/png"/>',
        ]
        links = "".join(f'<li><a href="{link}">{label}</a></li>' for link, label in contents)
        files["OEBPS/nav.xhtml"] = page(f'<nav epub:type="toc"><ol>{links}</ol></nav>')
        head, toc = "", ""
    else:
        items += [
            '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
            '<item id="c" href="cover.png" media-type="image/png"/>',
        ]
        points = "".join(
            f'<navPoint id="p{n}"><navLabel><text>{label}</text></navLabel><content src="{link}"/></navPoint>'
            for n, (link, label) in enumerate(contents)
        )
        files["OEBPS/toc.ncx"] = (
            '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "x.dtd">'
            f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        )
        head, toc = '<meta name="cover" content="c"/>', ' toc="ncx"'
    files["OEBPS/book.opf"] = (
        f'<package xmlns="http://www.idpf.org/2007/opf" version="{version}.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Lamp &amp; I</dc:title>'
        "<dc:creator>A. Writer</dc:creator><dc:language>en-GB</dc:language><dc:publisher>P</dc:publisher>"
        f"<dc:description>&lt;p&gt;A book.&lt;/p&gt;</dc:description>{head}</metadata>"
        f"<manifest>{''.join(items)}</manifest><spine{toc}>{spine}</spine></package>"
    )
    files["OEBPS/cover.png"] = PNG
    files |= {f"OEBPS/{name}": text for name, text in pages.items()}
    files |= {name.replace("__", "."): data for name, data in extra.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


PAGES = {
    "cover.xhtml": page("<img src='cover.png' alt='Cover'/>", kind="cover"),
    "title.xhtml": page("<h1>The Lamp</h1><p>A. Writer</p>", kind="titlepage"),
    "copy.xhtml": page("<p>All rights reserved.</p>", kind="copyright-page"),
    "one.xhtml": page(
        "<h2>1</h2><h2>The <em>Storm</em></h2>\n"
        '<p>The boat<a epub:type="noteref" href="#n1">1</a> turned<sup><a href="#n2">2</a></sup> &mdash; '
        "slowly.</p>\n"
        "<p>“Is that<br/>the light?” she asked.</p><p>…</p><p>* * *</p>\n"
        "<blockquote><p>A <ruby>letter<rt>le-ta</rt></ruby>.</p></blockquote><hr/>"
        "<p><span>No</span>body.</p>\n"
        '<aside epub:type="footnote" id="n1"><p>A note.</p></aside><script>alert(1)</script>'
    ),
    "one-b.xhtml": page("<p>Still the first.</p><h3>Later</h3><ul><li>Sand</li><li>Salt</li></ul>"),
    "two.xhtml": page('<h2 id="two">Two</h2><p>Second.</p><h2 id="three">Three</h2><p>Third.</p>'),
    "notes.xhtml": page("<h2>Notes</h2><p>1. A note.</p>"),
}
CONTENTS = [
    ("title.xhtml", "Title Page"),
    ("one.xhtml", "1. The Storm"),
    ("two.xhtml#two", "Two"),
    ("two.xhtml#three", "Three"),
    ("notes.xhtml", "Notes"),
]


def scenes_of(chapter: Chapter) -> list[list[Line]]:
    """The lines of a chapter, divided at its scene breaks."""
    groups = groupby(chapter.items, lambda item: isinstance(item, SceneBreak))
    return [[item for item in items if isinstance(item, Line)] for is_break, items in groups if not is_break]


def make_package(
    path: Path,
    files: dict[str, str | bytes],
    *,
    spine: list[str] | None = None,
    contents: list[tuple[str, str]] = (),
    metadata: str = "",
    guide: str = "",
    ids: dict[str, str] | None = None,
    kinds: dict[str, str] | None = None,
    opf: str = "OEBPS/book.opf",
    names: dict[str, str] | None = None,
    nav: str = "",
) -> Path:
    """Write an EPUB whose package document says what it is told to.

    Args:
        files: content by the link that the manifest has.
        spine: links of the pages; by default those that end in `html`.
        contents: (link, label) of an NCX.
        metadata: XML.
        guide: XML.
        ids: of items in the manifest, by link.
        kinds: attributes of items, by link.
        opf: the full-path of the package document in the container.
        names: of the files in the archive, by link, if they differ.
        nav: a navigation page.
    """
    links = [*files, *(["toc.ncx"] if contents else []), *(["nav.xhtml"] if nav else [])]
    identities = {link: f"i{number}" for number, link in enumerate(links)} | (ids or {})
    extra = {"nav.xhtml": 'properties="nav"', **(kinds or {})}
    items = "".join(f'<item id="{identities[link]}" href="{link}" {extra.get(link, "")}/>' for link in links)
    pages = [link for link in files if link.endswith("html")] if spine is None else spine
    refs = "".join(f'<itemref idref="{identities.get(link, link)}"/>' for link in pages)
    written = {(names or {}).get(link, f"OEBPS/{link}"): data for link, data in files.items()}
    if contents:
        points = "".join(
            f'<navPoint><navLabel><text>{label}</text></navLabel><content src="{link}"/></navPoint>'
            for link, label in contents
        )
        written["OEBPS/toc.ncx"] = (
            f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        )
    if nav:
        written["OEBPS/nav.xhtml"] = page(nav)
    written[opf.replace("\\", "/")] = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Lamp</dc:title>'
        f"<dc:creator>A. Writer</dc:creator>{metadata}</metadata>"
        f"<manifest>{items}</manifest><spine>{refs}</spine><guide>{guide}</guide></package>"
    )
    container = CONTAINER.replace("OEBPS/book.opf", opf)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"META-INF/container.xml": container, **written}.items():
            archive.writestr(name, data)
    return path
