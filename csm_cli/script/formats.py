"""Formats of scripts and books: by the endings of files, and what to do with those that are not read."""

from __future__ import annotations

from pathlib import Path

from csm_cli.core.errors import UnreadableScript
from csm_cli.core.reading import open_file
from csm_cli.script.problems import not_there
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
_SPEECH = "a recording is no script: write down its words; `csm voices add` makes a voice of it"
_SUBTITLES = "save its words as .txt, without numbers and times"
_TABLE = "write it as a script, a paragraph `NAME: words` for each line, in a .md file"
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
    _OCR: ".cbz .cbr .cb7 .jpg .jpeg .png .tif .tiff .heic .heif .gif .webp .bmp .avif .jp2 .jxl",
    _UNPACK: ".zip .rar .7z .tar .gz .tgz .bz2 .xz .zst",
    _SPEECH: ".wav .mp3 .flac .ogg .oga .opus .m4a .m4b .aac .aif .aiff .wma .amr .mp4 .mkv .mov .avi .webm",
    _SUBTITLES: ".srt .vtt .ass .ssa .lrc .sub .sbv .ttml",
    _TABLE: ".csv .tsv .xls .xlsx .ods .numbers",
    "save its words as .docx or .txt": ".ppt .pptx .odp .key .svg .vsd .vsdx",
    "export it as Markdown: `jupyter nbconvert --to markdown book.ipynb`": ".ipynb",
    "save the page as .html": ".mht .mhtml .webarchive .webloc .url .maff",
    "save the message as .txt or .html": ".eml .msg .mbox",
    "it is a licence to fetch a book with: open it in the shop's reader": ".acsm",
    "let its name end in .fb2 if it is such a book; else convert it to .html or .epub": ".xml .xsl .tei",
    "let its name end in .md": ".mdown .mkd .mkdn .mdwn .mdx .rmd .qmd",
    "let its name end in .txt": ".text .asc .log .nfo .me",
    "let its name end in .yaml": ".yml2 .yaml2 .cfg .conf .toml .ini",
    "let its name end as before": ".bak .orig .old .save .tmp .swp",
    "let it be fetched to its end first": ".part .crdownload .download",
}
_AGAIN = "save it again, or fetch it again"
_HEAD = 512


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
    ending = path.suffix.lower()
    for remedy, endings in _REMEDIES.items():
        if ending in endings.split():
            how = remedy.format(ending=ending)
            raise UnreadableScript(f"{ending} files are not read", where=str(path), remedy=how)
    check_there(path)
    raise UnreadableScript("not a script", where=str(path), remedy=f"the name must end in {_accepted()}")


def _accepted() -> str:
    return f"one of {', '.join(ending for endings in ENDINGS.values() for ending in endings)}"


def check_there(path: Path) -> None:
    """Look whether there is a file that might be a script.

    Raises:
        UnreadableScript: there is none, or it is a folder.
    """
    try:
        if path == STDIN or path.is_file():
            return
        if path.is_dir():
            remedy = f"name a script in it{_scripts_in(path)}"
            raise UnreadableScript("this is a folder", where=str(path), remedy=remedy, exit_code=2)
        if not path.exists() and "\0" not in str(path):
            raise not_there(path, "" if named_format(path) else f"a script's name must end in {_accepted()}")
    except (OSError, ValueError):  # whoever reads it says why
        return


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
    if not head and format in _NOT_EMPTY:
        raise UnreadableScript(f"is empty, and not {_NOT_EMPTY[format]}", where=str(path), remedy=_AGAIN)
    found = _content(head)
    if not found and format in _PACKED and format != "fb2":
        is_text = _is_text(head)
        what = f"not {_PACKED[format]}, but {'a text' if is_text else 'something else'}"
        found = what, (), _PACKED_REMEDY if is_text else _AGAIN
    if not found and format not in _PACKED and _is_binary(head):
        found = "no text", (), "name a script, or the file that it was made of"
    if not found:
        return
    what, right, remedy = found
    if format in right:
        return
    raise UnreadableScript(f"this is {what}", where=str(path), remedy=remedy)


_PACKED = {
    "epub": "an EPUB",
    "docx": "a Word document (.docx)",
    "odt": "an OpenDocument text (.odt)",
    "fb2": "an FB2",
}
"""Formats that are no plain text; PDFs are left to their reader, which finds them behind other bytes."""
_NOT_EMPTY = {**_PACKED, "pdf": "a PDF that can be read"}
_PACKED_REMEDY = "let its name end in .txt or .md"
_NEVER = bytes(range(9))
"""Bytes that stand in no text."""
_MOST_ZEROS = 0.05
_LEAST = 16
"""Different bytes in what that is said of."""


def _is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text in UTF-8, maybe cut off inside a character."""
    if any(code in head for code in _NEVER):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as fault:
        return fault.start > len(head) - 4
    return True


def _is_binary(head: bytes) -> bool:
    """Whether a file has far too many zeros for a text, one in UTF-16 or UTF-32 with its mark left out."""
    return not head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) and (
        head.count(0) > _MOST_ZEROS * len(head) and len(set(head)) > _LEAST
    )


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
        for mark, (what, ending) in _IN_ZIP.items():
            if mark in head:
                return what, ("epub", "docx", "odt", "fb2"), f"let its name end in {ending}"
        return "a zip archive", ("epub", "docx", "odt", "fb2"), "let its name end in that of its format"
    if _is_text(head):
        return None
    for what, (remedy, marks) in _BINARY.items():
        if any(head[start : start + len(mark)] == mark for start, mark in marks):
            return what, (), remedy
    return None


_IN_ZIP = {
    b"mimetypeapplication/epub+zip": ("an EPUB", ".epub"),
    b"mimetypeapplication/vnd.oasis.opendocument.text": ("an OpenDocument text", ".odt"),
    b"[Content_Types].xml": ("an Office document", ".docx, if it is a text"),
    b"word/": ("a Word document", ".docx"),
}
"""Names and types near the beginning of a zip archive, and what it is by them."""
_BINARY = {
    "a picture": (
        _OCR,
        [(0, b"\x89PNG\r\n"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (8, b"WEBP"), (0, b"II*\0"), (0, b"MM\0*")],
    ),
    "a recording or a film": (
        _SPEECH,
        [
            *((0, mark) for mark in (b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")),
            *((8, b"WAVE"), (8, b"AIFF"), (8, b"AVI "), (4, b"ftyp")),
        ],
    ),
    "an archive": (
        _UNPACK,
        [(0, mark) for mark in (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh9", b"\xfd7zXZ", b"(\xb5/\xfd")],
    ),
    "a program or a database": (
        "name a script",
        [(0, mark) for mark in (b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe", b"SQLite format")],
    ),
}
"""What a file is by what stands where in it, with what to do."""


def _scripts_in(folder: Path) -> str:
    """Names of scripts in a folder, for a message."""
    try:
        names = sorted(file.name for file in folder.iterdir() if file.is_file() and named_format(file))
    except OSError:
        return ""
    return f", such as {', '.join(names[:3])}" if names else ""
