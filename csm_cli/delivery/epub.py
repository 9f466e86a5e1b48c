"""EPUB 3 with media overlays: the text of the book, each line or word highlighted while it is spoken."""

from __future__ import annotations

import re
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path, PurePath

from csm_cli.audio.timeline import ChapterTimeline, TimelineEntry
from csm_cli.core.files import written
from csm_cli.delivery.book import AI_NARRATED, Book
from csm_cli.delivery.sidecars import clock
from csm_cli.delivery.tags import Cover

BOOK_SOURCES = (".epub", ".md", ".txt")
NARRATOR = "narrator"
AUDIO_TYPES = {".mp3": "audio/mpeg", ".m4a": "audio/mp4"}
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTAINER = (
    XML + '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>\n"
)
STYLE = """body { line-height: 1.5; margin: 1em; }
p { margin: 0 0 0.8em 0; }
.speaker { font-variant: small-caps; margin-right: 0.4em; }
.-epub-media-overlay-active { background-color: #ffe9a8; }
"""


def write_epub(
    path: Path, book: Book, chapters: Sequence[tuple[ChapterTimeline, Path]], cover: Cover | None = None
) -> None:
    """Write an EPUB, in one step.

    Args:
        chapters: each with its sound, MP3 or AAC in an .m4a file, which is copied into the EPUB.
        cover: shown first.

    Raises:
        CsmError: it cannot be written.
    """
    names = [f"c{number:04d}" for number, _ in enumerate(chapters, 1)]
    chapters = [(_with_heading(chapter), audio) for chapter, audio in chapters]
    timelines = [chapter for chapter, _ in chapters]
    with written(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        # First and not compressed, so that its first bytes show the kind of the file.
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("EPUB/package.opf", _package(book, names, chapters, cover))
        archive.writestr("EPUB/nav.xhtml", _navigation(book, names, timelines))
        archive.writestr("EPUB/style.css", STYLE)
        if cover:
            archive.writestr(f"EPUB/{_cover_name(cover)}", cover.data)
        with_names = PurePath(book.source).suffix.lower() not in BOOK_SOURCES
        for name, (chapter, audio) in zip(names, chapters, strict=True):
            archive.writestr(f"EPUB/{name}.xhtml", _page(book, chapter, with_names))
            if not chapter.entries:
                continue
            archive.writestr(f"EPUB/{name}.smil", _overlay(name, chapter, audio.suffix))
            archive.write(audio, f"EPUB/audio/{name}{audio.suffix}", zipfile.ZIP_STORED)


def _page(book: Book, chapter: ChapterTimeline, with_names: bool) -> str:
    paragraphs = []
    heading, entries = _text(chapter.title), chapter.entries
    if _is_heading(chapter):
        heading, entries = f'<span id="{_id(entries[0])}">{heading}</span>', entries[1:]
    for lines in _paragraphs(entries, with_names):
        named = with_names and lines[0].speaker.casefold() != NARRATOR
        speaker = f'<span class="speaker">{_text(lines[0].speaker)}</span>' if named else ""
        spans = " ".join(f'<span id="{_id(line)}">{_content(line)}</span>' for line in lines)
        paragraphs.append(f"<p>{speaker}{spans}</p>")
    body = f"<h1>{heading}</h1>\n" + "\n".join(paragraphs)
    return _html(book, chapter.title, f'<section id="text">{body}</section>')


def _is_heading(chapter: ChapterTimeline) -> bool:
    """Whether its first line speaks its title."""
    lines = chapter.entries
    return bool(lines) and lines[0].text.rstrip(".") == " ".join(chapter.title.split()).rstrip(".")


def _with_heading(chapter: ChapterTimeline) -> ChapterTimeline:
    """The chapter, its title highlighted as a whole: it is shown as it stands in the contents."""
    if not _is_heading(chapter):
        return chapter
    title, *lines = chapter.entries
    return replace(chapter, entries=(replace(title, words=()), *lines))


def _content(line: TimelineEntry) -> str:
    """The text of a line; its words in spans of their own where they are timed."""
    words = (_text(line.text[word.first : word.last]) for word in line.words)
    spans = (f'<span id="{_id(line)}-w{number}">{word}</span>' for number, word in enumerate(words, 1))
    return " ".join(spans) or _text(line.text)


def _paragraphs(entries: Sequence[TimelineEntry], with_names: bool) -> Iterator[list[TimelineEntry]]:
    group: list[TimelineEntry] = []
    for line in entries:
        if group and (line.new_paragraph or (with_names and line.speaker != group[0].speaker)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _overlay(name: str, chapter: ChapterTimeline, suffix: str) -> str:
    """Each line, or word, lasts until the next one begins, so that the pauses are played too."""
    places = [
        place
        for line in chapter.entries
        for place in (
            [(f"{_id(line)}-w{number}", word.start) for number, word in enumerate(line.words, 1)]
            or [(_id(line), line.start)]
        )
    ]
    starts = [0.0, *(start for _, start in places[1:])]
    ends = [*starts[1:], chapter.duration]
    pairs = "\n".join(
        f'<par id="p{number}"><text src="{name}.xhtml#{place}"/>'
        f'<audio src="audio/{name}{suffix}" clipBegin="{clock(start)}" clipEnd="{clock(end)}"/></par>'
        for number, ((place, _), start, end) in enumerate(zip(places, starts, ends, strict=True), 1)
    )
    return (
        XML
        + '<smil xmlns="http://www.w3.org/ns/SMIL" xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">'
        f'<body><seq id="s1" epub:textref="{name}.xhtml#text">\n{pairs}\n</seq></body></smil>\n'
    )


def _package(
    book: Book, names: Sequence[str], chapters: Sequence[tuple[ChapterTimeline, Path]], cover: Cover | None
) -> str:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"csm:{book.title}\n{book.author}\n{book.language}")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    total = sum(chapter.duration for chapter, _ in chapters)
    meta = [f'<dc:identifier id="id">urn:uuid:{identity}</dc:identifier>']
    meta += [f"<dc:language>{_text(book.language)}</dc:language>", *_facts(book)]
    meta += [f'<meta property="dcterms:modified">{now}</meta>']
    meta += [f'<meta property="media:duration">{clock(total)}</meta>']
    meta += [f'<meta property="media:narrator">{_text(book.narrators)} ({AI_NARRATED})</meta>']
    meta += ['<meta property="media:active-class">-epub-media-overlay-active</meta>']
    items = ['<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>']
    items += ['<item id="style" href="style.css" media-type="text/css"/>']
    if cover:
        kind = f'href="{_cover_name(cover)}" media-type="{cover.mime}"'
        items += [f'<item id="cover" {kind} properties="cover-image"/>']
    for name, (chapter, audio) in zip(names, chapters, strict=True):
        spoken = f' media-overlay="{name}-overlay"' if chapter.entries else ""
        items += [f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"{spoken}/>']
        if not chapter.entries:
            continue
        kind = AUDIO_TYPES[audio.suffix]
        items += [f'<item id="{name}-audio" href="audio/{name}{audio.suffix}" media-type="{kind}"/>']
        smil = f'href="{name}.smil" media-type="application/smil+xml"'
        items += [f'<item id="{name}-overlay" {smil}/>']
        refined = f'<meta property="media:duration" refines="#{name}-overlay">'
        meta += [f"{refined}{clock(chapter.duration)}</meta>"]
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    return (
        XML + '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n' + "\n".join(meta) + "\n</metadata>\n"
        "<manifest>\n" + "\n".join(items) + f"\n</manifest>\n<spine>{spine}</spine>\n</package>\n"
    )


def _facts(book: Book) -> Iterator[str]:
    """The book's Dublin Core elements; `refines` states the role where one element has several."""
    for tag, name, value, refined in (
        ("dc:title", "title", book.title, ("title-type", "main")),
        ("dc:title", "subtitle", book.subtitle, ("title-type", "subtitle")),
        ("dc:creator", "author", book.author, ("role", "aut")),
        ("dc:contributor", "translator", book.translator, ("role", "trl")),
        ("dc:publisher", "", book.publisher, ()),
        ("dc:rights", "", book.copyright, ()),
        ("dc:subject", "", book.genre, ()),
        ("dc:description", "", book.description, ()),
        ("dc:source", "", book.identifier, ()),  # this is another edition of it
        ("collection", "series", book.series, ("collection-type", "series")),
    ):
        if not _text(value):
            continue
        mark = f' id="{name}"' if name else ""
        if tag == "collection":
            yield f'<meta property="belongs-to-collection"{mark}>{_text(value)}</meta>'
        else:
            yield f"<{tag}{mark}>{_text(value)}</{tag}>"
        if refined:
            scheme = ' scheme="marc:relators"' if refined[0] == "role" else ""
            yield f'<meta refines="#{name}" property="{refined[0]}"{scheme}>{refined[1]}</meta>'


def _navigation(book: Book, names: Sequence[str], chapters: Sequence[ChapterTimeline]) -> str:
    rows = "".join(
        f'<li><a href="{name}.xhtml">{_text(chapter.title)}</a></li>'
        for name, chapter in zip(names, chapters, strict=True)
    )
    title = _text(book.title)
    return _html(book, book.title, f'<nav epub:type="toc"><h1>{title}</h1><ol>{rows}</ol></nav>')


def _html(book: Book, title: str, body: str) -> str:
    language = escape(book.language)
    return (
        f'{XML}<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">'
        f'<head><title>{_text(title)}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>'
        f"<body>{body}</body></html>\n"
    )


def _text(text: str) -> str:
    """For XML: escaped, without characters that XML does not allow."""
    allowed = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    return escape(" ".join(allowed.split()))


def _id(line: TimelineEntry) -> str:
    return "l-" + re.sub(r"[^A-Za-z0-9._-]", "-", line.line_id)


def _cover_name(cover: Cover) -> str:
    return "cover.png" if cover.mime == "image/png" else "cover.jpg"
