"""Documents of other programs, made for the tests."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from csm_cli.script import Line, SceneBreak, Screenplay

ODT_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in {
        "office": "office",
        "text": "text",
        "style": "style",
        "table": "table",
        "draw": "drawing",
        "meta": "meta",
        "fo": "xsl-fo-compatible",
    }.items()
)
FB2_SPACES = 'xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink"'
PNG_BASE64 = "iVBORw0KGgoAAAAA"


def make_docx(path: Path, fill: Callable[[docx.document.Document], None]) -> Path:
    """Write a Word document that `fill` puts together."""
    document = docx.Document()
    document.core_properties.title = "The Lamp"
    document.core_properties.author = "A. Writer"
    fill(document)
    document.save(str(path))
    return path


def word_xml(xml: str):
    """An element of a Word document."""
    return parse_xml(re.sub(r"^<([\w:]+)", rf"<\1 {nsdecls('w')}", xml, count=1))


def make_odt(path: Path, body: str, *, styles: str = "", **files: str) -> Path:
    """Write an OpenDocument text; `files` are further ones, their dots written as double underscores."""
    content = (
        f"<office:document-content {ODT_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    meta = (
        f'<office:document-meta {ODT_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        "<dc:title>The Lamp</dc:title><dc:creator>A. Writer</dc:creator><dc:language>en-GB</dc:language>"
        "</office:meta></office:document-meta>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", meta)
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return path


def fb2(bodies: str, *, encoding: str = "utf-8") -> bytes:
    """A FictionBook."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><FictionBook {FB2_SPACES}><description><title-info>'
        "<genre>prose</genre><author><first-name>Anna</first-name><last-name>Hill</last-name></author>"
        "<book-title>The Lamp</book-title><annotation><p>About a lamp.</p></annotation><lang>en-GB</lang>"
        '<coverpage><image l:href="#c.png"/></coverpage></title-info><publish-info><publisher>P</publisher>'
        f"</publish-info></description>{bodies}"
        f'<binary id="c.png" content-type="image/png">{PNG_BASE64}</binary></FictionBook>'
    ).encode(encoding)


Placed = tuple[float, float, float, str]
"""x, y and size in points, and a text; one that begins with "*" is bold."""


def make_pdf(path: Path, pages: Sequence[Sequence[Placed]], *, title: str = "", outline: str = "") -> Path:
    """Write a PDF with the built-in fonts, each text at its place.

    A page without text has a picture. `outline` is raw objects from 1000 on.
    """
    objects: dict[int, bytes] = {
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Bold /Encoding /WinAnsiEncoding >>",
        6: b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream",
        5: b"<< /Title (" + title.encode("cp1252") + b") >>",
    }
    kids = []
    for number, page in enumerate(pages):
        stream = b""
        for x, y, size, text in page:
            font, text = ("B", text[1:]) if text.startswith("*") and len(text) > 5 else ("R", text)
            shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
            stream += f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm (".encode() + shown + b") Tj ET\n"
        at = 10 + 2 * number
        picture = " /XObject << /I 6 0 R >>" if not page else ""
        kids.append(f"{at} 0 R")
        objects[at] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 350 500] /Resources << /Font << /R 3 0 R /B 4 0 R "
            f">>{picture} >> /Contents {at + 1} 0 R >>"
        ).encode()
        objects[at + 1] = f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"endstream"
    objects[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R" + (b" /Outlines 1000 0 R >>" if outline else b" >>")
    for number, item in enumerate(filter(None, outline.split("\n")), 1000):
        objects[number] = item.encode()
    out = b"%PDF-1.4\n"
    places = {}
    for number, content in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        out += f"{number} 1\n{place:010d} 00000 n \n".encode()
    out += (
        f"trailer << /Size {max(places) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
    path.write_bytes(out)
    return path


def set_rows(text: str, *, x: float = 50, top: float = 400, size: float = 10) -> list[Placed]:
    """Rows of text, one below the other; a row that begins with four spaces has an indent."""
    placed = []
    for number, row in enumerate(text.strip("\n").split("\n")):
        if row.strip():
            indent = 12 if row.startswith("    ") else 0
            placed.append((x + indent, top - 12.0 * number, size, row.strip()))
    return placed


def chapters_of(play: Screenplay) -> list[tuple[str, list[str]]]:
    """Titles and texts; a scene break is "---"."""
    return [
        (
            chapter.title,
            [
                "---" if isinstance(item, SceneBreak) else item.text if isinstance(item, Line) else "?"
                for item in chapter.items
            ],
        )
        for chapter in play.chapters
    ]
