"""Formats of scripts and books: by the endings of files, and what to do with those that are not read."""

from __future__ import annotations

from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.core.files import open_file
from csm_cli.script.sources import STDIN

ENDINGS = {
    "yaml": (".yaml", ".yml"),
    "markdown": (".md", ".markdown"),
    "fountain": (".fountain", ".spmd"),
    "text": (".txt",),
    "json": (".json",),
    "epub": (".epub",),
    "html": (".html", ".htm", ".xhtml"),
    "docx": (".docx", ".docm"),
    "odt": (".odt",),
    "fb2": (".fb2", ".fb2.zip", ".fbz"),
    "pdf": (".pdf",),
}
"""The readable formats and the endings of their files."""
FORMATS = tuple(ENDINGS)
_CALIBRE = "convert it to EPUB, for example with Calibre: `ebook-convert book{ending} book.epub`"
_OFFICE = "open it in LibreOffice or Word and save it as .docx, or: `soffice --convert-to docx book{ending}`"
_OCR = "recognise its text first (OCR) and save that as .txt or .docx"
_UNPACK = "unpack it and name a file in it"
_PANDOC = "convert it, for example with Pandoc: `pandoc book{ending} -o book.docx`"
_PUBLISH = "convert it to PDF with its text, or to EPUB"
_REMEDIES = {
    _CALIBRE: ".mobi .azw .azw1 .azw3 .azw4 .kfx .kpf .prc .lit .lrf .pdb .pml .rb .snb .tcr .chm",
    _OFFICE: ".doc .dot .wps .wpd .sxw .fodt .ott .rtf .rtfd",
    "export it from Pages as EPUB or Word": ".pages",
    "download it from Google Docs as .docx": ".gdoc",
    "export it from Scrivener as .docx or .epub": ".scriv .scrivx",
    "export it as Fountain": ".fdx .celtx .fadein",
    _PANDOC: ".tex .rst .adoc .asciidoc .org .textile .opml .dbk",
    _PUBLISH: ".djvu .djv .ps .xps .oxps .indd .idml .qxd .pub",
    _OCR: ".cbz .cbr .cb7 .jpg .jpeg .png .tif .tiff .heic",
    _UNPACK: ".zip .rar .7z .tar .gz",
}
_HEAD = 80


def format_of(path: Path, format: str | None = None) -> str:
    """`format`, or the format by the ending of `path`; Markdown for standard input.

    Raises:
        ScriptError: no format has that ending.
    """
    if format:
        return format
    if path == STDIN:
        return "markdown"
    if found := named_format(path):
        return found
    if path.is_dir():
        raise ScriptError([f"{path}: error: this is a folder; name a script in it{_scripts_in(path)}"])
    ending = path.suffix.lower()
    for remedy, endings in _REMEDIES.items():
        if ending in endings.split():
            raise ScriptError([f"{path}: error: {ending} files are not read; {remedy.format(ending=ending)}"])
    accepted = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
    raise ScriptError([f"{path}: error: not a script; the name must end in one of {accepted}"])


def named_format(path: Path) -> str | None:
    """The format by the ending of a file's name; None: it is none of ours."""
    name = path.name.lower()
    for format, endings in ENDINGS.items():
        if name.endswith(endings):
            return format
    return None


def stem_of(path: Path) -> str:
    """The name of a script or book without the ending of its format."""
    endings = (ending for endings in ENDINGS.values() for ending in endings)
    whole = max((ending for ending in endings if path.name.lower().endswith(ending)), key=len, default="")
    return path.name[: -len(whole)] if whole and len(whole) < len(path.name) else path.stem


def check_content(path: Path, format: str) -> None:
    """Look whether a file is of another format than its name says.

    Raises:
        ScriptError: it is.
    """
    try:
        if path == STDIN:
            return
        with open_file(path) as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):  # whoever reads it says why
        return
    found = _content(head)
    if not found:
        return
    what, right, remedy = found
    if format in right:
        return
    raise ScriptError([f"{path}: error: this is {what}; {remedy}"])


def _content(head: bytes) -> tuple[str, tuple[str, ...], str] | None:
    """What a file is by its first bytes, the formats that it may be read as, and what to do otherwise."""
    if head.startswith(b"%PDF-"):
        return "a PDF", ("pdf",), "let its name end in .pdf"
    if head.startswith(b"{\\rtf"):
        return "rich text (RTF)", (), _OFFICE.format(ending=".rtf")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        how = "save it as .docx without a password in Word or LibreOffice"
        return "an old Word file, or one with a password", (), how
    if head[60:68] in (b"BOOKMOBI", b"TEXtREAd"):
        return "a Kindle book", (), _CALIBRE.format(ending=".mobi")
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive", ("epub", "docx", "odt", "fb2"), "let its name end in that of its format"
    return None


def _scripts_in(folder: Path) -> str:
    """Names of scripts in a folder, for a message."""
    try:
        names = sorted(file.name for file in folder.iterdir() if file.is_file() and named_format(file))
    except OSError:
        return ""
    return f", such as {', '.join(names[:3])}" if names else ""
