"""Reader of PDF: rows of text, without page heads and numbers, as paragraphs of an HTML page."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csm_cli.core.errors import MissingError, ScriptError, first_line
from csm_cli.script.books import Book, ReadingOptions
from csm_cli.script.problems import Source
from csm_cli.script.readers.documents.tree import Document, finished
from csm_cli.script.readers.pdf.headings import Bookmark
from csm_cli.script.readers.pdf.layout import page_of_rows
from csm_cli.script.readers.pdf.rows import Row, RowCollector, in_reading_order
from csm_cli.script.sources import ParseState, plain, read_bytes

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PDF_BYTES = 256 * 2**20
MAX_PAGES = 10_000
MAX_CHARACTERS = 16 * 2**20
MAX_CONTENT_BYTES = 64 * 2**20
"""Of all pages together, unpacked."""
_MOST_BOOKMARKS = 5_000
_MOST_DEPTH = 8
_LEAST_LETTERS = 0.5
_INFO = {"/Title": "title", "/Author": "author"}
_FILE_NAME = re.compile(
    r"Microsoft (?:Office )?Word - .*|.*\.(?:docx?|odt|rtf|indd|pdf|tex|qxd)"
    r"|untitled.*|[(]?(?:anonymous|unspecified)[)]?",
    re.IGNORECASE,
)
_ENCRYPTED = "is encrypted; save it without a password (`qpdf --decrypt book.pdf new.pdf`)"
_CRYPTOGRAPHY = "`pip install cryptography` if it opens without one"
_OCR = "recognise its text first, for example with `ocrmypdf book.pdf new.pdf`"


def read_pdf(path: Path, state: ParseState, options: ReadingOptions) -> Book:
    """Read a PDF. A place such as `book.pdf:12` is its twelfth page.

    Raises:
        ScriptError: it cannot be read, is encrypted, or has no text.
        MissingError: pypdf is not installed.
    """
    data = read_bytes(path, MAX_PDF_BYTES)
    try:
        import pypdf
    except ImportError:
        raise MissingError(
            "reading a PDF needs pypdf", where=str(path), remedy="pip install 'csm-cli[formats]'"
        ) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports every oddity of a file
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        _unlock(reader, path)
        rows, lost = _rows(reader, path)
        bookmarks, info = _bookmarks(reader), _info(reader)
        pictures = [
            number for number, each in enumerate(rows, 1) if not each and _has_picture(reader, number)
        ]
    except (ScriptError, MemoryError):
        raise
    except Exception as fault:  # a broken file makes pypdf raise anything
        if type(fault).__name__ == "DependencyError":  # it would need cryptography
            raise ScriptError([f"{path}: error: {_ENCRYPTED}, or {_CRYPTOGRAPHY}"]) from None
        how = "open it in a viewer and export it as PDF once more, or fetch it again"
        what = first_line(fault).rstrip(".")
        raise ScriptError([f"{path}: error: not a PDF that can be read: {what}; {how}"]) from None
    page = page_of_rows(rows, bookmarks, str(path))
    if pictures:
        count = f"{len(pictures)} pages have" if len(pictures) > 1 else "this page has"
        what = f"{count} a picture and no text; if it is one of text, {_OCR}"
        state.problems.add(Source(str(path), pictures[0], 1), what, "note")
    for number, text in lost:
        page.leave_out("turned text", number, text)
    return finished(path, Document(page, info), state, options)


def _unlock(reader: PdfReader, path: Path) -> None:
    """Open a PDF that is encrypted without a password for its readers.

    Raises:
        ScriptError: it has one.
    """
    if not reader.is_encrypted:
        return
    try:
        opened = bool(reader.decrypt(""))
    except NotImplementedError:
        opened = False
    if not opened:
        raise ScriptError([f"{path}: error: {_ENCRYPTED}"])


def _rows(reader: PdfReader, path: Path) -> tuple[list[list[Row]], list[tuple[int, str]]]:
    """The rows of each page, and turned text with the numbers of its pages.

    Raises:
        ScriptError: there are too many pages or characters, or no text.
    """
    number = len(reader.pages)
    if number > MAX_PAGES:
        raise ScriptError([f"{path}: error: has {number} pages; {MAX_PAGES} are the most"])
    pages: list[list[Row]] = []
    lost: list[tuple[int, str]] = []
    characters = letters = size = 0
    for index in range(number):
        page = reader.pages[index]
        content = page.get_contents()
        size += len(content.get_data()) if content is not None else 0
        if size > MAX_CONTENT_BYTES:
            raise ScriptError([f"{path}: error: unpacks to more than {MAX_CONTENT_BYTES >> 20} MiB"])
        collector = RowCollector(index + 1, MAX_CHARACTERS - characters)
        page.extract_text(visitor_text=collector.visit)
        if collector.full:
            raise ScriptError([f"{path}: error: has more than {MAX_CHARACTERS >> 20} million characters"])
        rows = in_reading_order(collector.finish())
        pages.append(rows)
        lost += [(index + 1, text) for text in collector.turned]
        characters += sum(len("".join(row.text.split())) for row in rows)
        letters += sum(sum(map(str.isalnum, row.text)) for row in rows)
    if not letters and not characters:
        raise ScriptError([f"{path}: error: has no text, only pictures; {_OCR}"])
    if letters < _LEAST_LETTERS * characters:
        raise ScriptError([f"{path}: error: its letters have no known code; {_OCR}"])
    return pages, lost


def _has_picture(reader: PdfReader, number: int) -> bool:
    """Whether page `number`, from 1, shows an image."""
    try:
        found: Any = reader.pages[number - 1]["/Resources"]
        return any(each.get_object().get("/Subtype") == "/Image" for each in found["/XObject"].values())
    except Exception:  # it shows none that can be seen
        return False


def _info(reader: PdfReader) -> dict[str, str]:
    """Title and author, unless they are a file's name."""
    found: dict[str, str] = {}
    try:
        info: Any = reader.metadata or {}
        for key, name in _INFO.items():
            text = plain(str(info.get(key) or ""))
            if text and not _FILE_NAME.fullmatch(text):
                found[name] = text
        root: Any = reader.trailer["/Root"]
        found["language"] = plain(str(root.get("/Lang") or ""))
    except Exception:  # the text is there without them
        pass
    return found


def _bookmarks(reader: PdfReader) -> list[Bookmark]:
    """The entries of the outline, with depths from 1."""
    found: list[Bookmark] = []
    try:
        stack: list[tuple[Any, int]] = [(entry, 1) for entry in reversed(reader.outline)]
        while stack and len(found) < _MOST_BOOKMARKS:
            entry, depth = stack.pop()
            if isinstance(entry, list):
                if depth < _MOST_DEPTH:
                    stack += [(each, depth + 1) for each in reversed(entry)]
                continue
            page = reader.get_destination_page_number(entry)
            if page is not None and page >= 0 and (title := plain(str(entry.title or ""))):
                found.append(Bookmark(title, page + 1, depth))
    except Exception:  # the text is there without them
        return found
    return found
