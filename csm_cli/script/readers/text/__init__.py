"""Reader of plain text: chapters by their headings, paragraphs by the layout, speakers by their names.

What belongs to the file and not to the text (header, licence, contents, title page, notes, page numbers) is
left out and listed.
"""

from __future__ import annotations

from pathlib import Path

from csm_cli.script.books import DEFAULT, Book, ReadingOptions, count_words
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.header import default_header
from csm_cli.script.problems import SourceText
from csm_cli.script.readers.text.chapters import choose_headings, split_candidates
from csm_cli.script.readers.text.contents import without_contents
from csm_cli.script.readers.text.decoding import decode_plain
from csm_cli.script.readers.text.gutenberg import inner_rows, without_notes
from csm_cli.script.readers.text.layout import Joiner, Layout
from csm_cli.script.readers.text.lines import LineWriter, Speakers
from csm_cli.script.readers.text.marks import without_marks
from csm_cli.script.readers.text.pages import joined_over_pages, single_spaced, without_page_furniture
from csm_cli.script.readers.text.parts import list_sections, parts_of
from csm_cli.script.readers.text.rows import Account, Row, blocks_of, rows_of
from csm_cli.script.readers.text.title_page import without_title_page
from csm_cli.script.readers.text.titles import join_titles
from csm_cli.script.sources import ParseState, read_bytes


def text_book(path: Path, state: ParseState, options: ReadingOptions = DEFAULT) -> Book:
    """Read a plain text.

    Args:
        path: of the file; `state.encoding` is its encoding.
        state: receives the problems, and warnings about what was guessed.
        options: what is read.

    Raises:
        ScriptError: the file cannot be read, or is no text in that encoding.
    """
    source = decode_plain(str(path), read_bytes(path), state.encoding, state.problems)
    return book_of(source, state, options)


def book_of(source: SourceText, state: ParseState, options: ReadingOptions) -> Book:
    """The book that a plain text is; problems are added to `state`."""
    header = default_header(source.path, state)
    header.strict_cast = False
    account = Account(source.path)
    inner, framed = inner_rows(rows_of(source.text), header, account)
    rows = _body(inner, account, options)
    speakers = Speakers(rows, header.cast)
    blocks = joined_over_pages(blocks_of(rows))
    blocks = choose_headings(split_candidates(blocks, speakers.names, account.listed), account)
    without = without_title_page(
        blocks, header, Account("") if options.front_matter else account, framed=framed
    )
    blocks = join_titles(blocks if options.front_matter else without, speakers.names)
    layout = Layout([block for block in blocks if not block.heading], speakers.names)
    joiner = Joiner(lambda: inner)
    writer = LineWriter(ScreenplayBuilder(source.path, header, state), speakers, layout, joiner)
    sections = list_sections(parts_of(blocks, account), account, header.title, options)
    writer.divided = any(part and part.headings and section.kept for section, part in sections)
    for section, part in sections:
        if part is None:
            continue
        if section.kept:
            writer.add(part, source.path)
        else:
            account.leave_out_rows("section", part.rows)
        if state.problems.full:
            break
    play = writer.finish()
    words = count_words(source.text) - joiner.joined - writer.names
    left_out = sorted(account.left_out, key=lambda left: int(left.where.rpartition(":")[2]))
    return Book(play, None, tuple(left_out), tuple(each for each, _ in sections), words, writer.headings)


def _body(rows: list[Row], account: Account, options: ReadingOptions) -> list[Row]:
    """The rows without what stands between them and is no text."""
    rows = single_spaced(without_page_furniture(rows, account))
    if not options.front_matter:
        rows = without_notes(rows, account)
    rows = without_marks(rows, account, options.notes, front_matter=options.front_matter)
    return rows if options.front_matter else without_contents(rows, account)
