"""Characters that no text may hold: refused with their place, left out of books, never written."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError, ScriptError
from csm_cli.core.visible import REFUSED
from csm_cli.script.importing import import_book
from csm_cli.script.reader import check_screenplay
from csm_cli.script.writers import write_script
from csm_cli.text.lexicon_files import read_lexicon
from tests.script.books import make_epub
from tests.script.documents import fb2, make_docx, make_odt, make_pdf, set_rows

REFUSED_ONES = "\x00\x07\x0b\x0c\x1b\x7f\x9b\u202e\u2066\u2069\ufffe\U000e0041"


def quoted(text: str) -> str:
    """A YAML scalar that holds any text, by its escapes."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


@pytest.mark.parametrize("char", REFUSED_ONES)
def test_an_escape_in_yaml_is_refused_at_its_place(faults, char):
    code = f"U+{ord(char):04X}; remove it"
    data = (
        f'title: "T {quoted(char)[1:-1]}"\n'
        f'voices: {{"An{quoted(char)[1:-1]}na": eve}}\n'
        "lines:\n"
        f'  - narrator: "plain \\x41\n      and {quoted(char)[1:-1]} on."\n'
    )
    found = faults("a.yaml", data.encode())
    assert [row.split(": error: ")[0] for row in found] == ["1:11", "2:13", "5:11"]
    assert all(row.endswith(code) for row in found)


@pytest.mark.parametrize(
    ("name", "data", "places"),
    [
        ("a.yaml", 'lines:\n  - narrator: "Hi \\e[31m there"\n', ["2:19"]),
        (
            "a.md",
            '---\ntitle: "A\\a"\n---\nHello &#27;there &#x202E;you \\&#27; too.\n',
            ["2:10", "4:7", "4:18"],
        ),
        ("a.md", "# O&#7;ne\n\n**An\u202ena:** Hello.\n", ["3:5"]),
        ("b.md", "# O&#7;ne\n\n## S&#8;cene\n\nHello.\n", ["1:4", "3:5"]),
        ("a.fountain", "Title: A\n\nBOB\nHello &#27; there.\n", ["4:7"]),
        ("a.json", '[{"speaker": "A\\u001b", "text": "Hi \\\\u0041 \\b there\\u202e"}]', ["1:16", "1:45"]),
        ("a.json", '{"title": "\\u009b", "lines": [{"speaker": "A", "text": "Hi"}]}', ["1:12"]),
    ],
)
def test_what_an_escape_stands_for_is_refused_in_every_format(faults, name, data, places):
    found = faults(name, data.encode())
    assert [row.split(": error: ")[0] for row in found if "remove" in row] == places


def test_marks_that_belong_to_a_text_are_allowed(tmp_path):
    family, flag = "\U0001f468\u200d\U0001f469", "\U0001f3f4\U000e0067\U000e0062\U000e007f"
    text = f"A\u00adb\u200bc {family} {flag} \u0645\u06cc\u200c\u062e\u200f\u200e\ufeff\u2060 and on."
    for name, data in [("a.md", text), ("a.yaml", f"lines:\n  - narrator: {quoted(text)}\n")]:
        (tmp_path / name).write_text(data, encoding="utf-8")
        play, problems = check_screenplay(tmp_path / name)
        assert not problems.findings()
        assert play is not None and play.lines[0].text == text


def test_lexicons_hold_none(tmp_path):
    (tmp_path / "a.yaml").write_text('word: "w\\e[31m"\n"w\\u202eo": say\n')
    with pytest.raises(ScriptError) as error:
        read_lexicon(tmp_path / "a.yaml")
    assert [row.split(": error: ")[0][-3:] for row in error.value.problems] == ["1:9", "2:3"]
    (tmp_path / "a.pls").write_text(
        '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">'
        "\n<lexeme><grapheme>a</grapheme><alias>b&#x9b;</alias></lexeme></lexicon>"
    )
    with pytest.raises(ScriptError, match=r"a\.pls:2:1: error: control character U\+009B"):
        read_lexicon(tmp_path / "a.pls")


def test_in_a_plain_text_they_are_left_out_and_form_feeds_part_pages(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("One \u202etwo\u2069 thr\x07ee.\n\fFour five.\n" + "\u2067\u05d0\u2069 " * 50)
    imported = import_book(path, None, tmp_path / "a.md")
    assert [line.text for line in imported.screenplay.lines][:1] == ["One two three."]
    assert not REFUSED.search(" ".join(line.text for line in imported.screenplay.lines))
    assert imported.warnings[0].endswith("a.txt:1:5: warning: invisible character U+202E is left out")


texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            REFUSED_ONES + "\u200b\u200d\xad\ufeff\x85\u2028\r\n\t '\"\\&#;[]{}()*_:-<>!|`~27x1b"
        ),
    ),
    max_size=12,
)
pieces = st.one_of(
    texts, st.sampled_from(["&#27;", "&#x9b;", "&#8238;", "\\e", "\\u001b", "&#x1B;x", "{{", "}}"])
)
lines = st.lists(pieces, max_size=4).map("".join)


def sources(title, speaker, text, note):
    yaml = (
        f"title: {quoted(title)}\nauthor: {quoted(note)}\nvariables: {{v: {quoted(text)}}}\n"
        f"voices: {{narrator: {quoted(note)}, {quoted(speaker + 'x')}: {{calm: {quoted(title + 'y')}}}}}\n"
        f"chapters:\n  - title: {quoted(title)}\n    lines:\n      - scene: {quoted(note)}\n"
        f"      - {{speaker: {quoted(speaker + 'x')}, note: {quoted(note)}, text: {quoted(text + 'z')}}}\n"
    )
    markdown = f"# {title}\n\n**{speaker}:** ({note}) {text}z\n\n## {note}\n\nA {text}\n"
    rows = json.dumps({"title": title, "lines": [{"speaker": speaker, "text": f"{text}z"}]})
    return {".yaml": yaml, ".md": markdown, ".json": rows, ".txt": f"{title}\n\n{text}z\n"}


@settings(max_examples=60)
@given(lines, lines, lines, lines, st.sampled_from(["a", "e\x1b[31m\u202e", "t\nwo", "s\u200b: #"]))
@example("&#27;", "An&#8238;", "&#x9b;z", "&#7;", "a")
@example("T", "A", "\x0ev\x0f", "n", "a")
@example("T\u2028x", "A\x85", "\xad", "\ufeff", "\udcff")
def test_what_convert_writes_lint_takes(title, speaker, text, note, stem):
    with tempfile.TemporaryDirectory() as folder:
        for ending, data in sources(title, speaker, text, note).items():
            path = Path(folder) / f"{stem}{ending}"
            path.write_bytes(data.encode("utf-8", "replace"))
            try:
                play, problems = check_screenplay(path, expand=False)
            except CsmError:
                continue
            if play is None or problems:
                continue
            for target in ("yaml", "markdown"):
                written = write_script(replace(play, untitled=False), target)
                assert not REFUSED.search(written), (ending, target)
                copy = Path(folder) / f"copy.{'yaml' if target == 'yaml' else 'md'}"
                copy.write_text(written, encoding="utf-8")
                again, wrong = check_screenplay(copy)
                assert again is not None and not wrong, (ending, target, written, wrong.findings())


@settings(max_examples=40)
@given(lines)
def test_refused_or_free_of_them(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text(f"lines:\n  - narrator: {quoted('Say ' + text)}\n")
        play, problems = check_screenplay(path)
        assert bool(REFUSED.search(text)) == any("remove it" in str(found) for found in problems.findings())
        assume(not problems)
        assert play is not None and not REFUSED.search(play.lines[0].text)


@pytest.mark.parametrize("name", ["a.html", "a.epub", "a.docx", "a.odt", "a.fb2", "a.pdf"])
def test_in_a_page_they_are_left_out_with_one_warning(tmp_path, name):
    page = "<html><body><h1>O&#x202e;ne</h1><p>Hel&#x2066;lo the\x07re.</p></body></html>"
    if name == "a.html":
        (tmp_path / name).write_text(page)
    elif name == "a.epub":
        make_epub(tmp_path / name, {"a.xhtml": page}, [])
    else:
        _make_document(tmp_path / name)
    imported = import_book(tmp_path / name, None, tmp_path / "b\x1b\u202e.md")
    assert [line.text for line in imported.screenplay.lines] == ["Hello the re."]
    assert imported.screenplay.chapters[0].title == "One" or name == "a.pdf"
    (warning,) = [each for each in imported.warnings if "character" in each]
    first, more = (
        ("control character U+001B", "")
        if name == "a.pdf"
        else ("invisible character U+202E", " (and 2 more)")
    )
    assert warning.endswith(f"warning: {first} is left out{more}")
    if imported.cover:
        assert imported.cover[0].name == imported.screenplay.metadata["cover"] == "b-cover.png"


def _make_document(path: Path) -> None:
    def fill(document):
        document.add_heading("O\u202ene", 1)
        document.add_paragraph("Hel\u2066lo the\ufffa re.")

    if path.suffix == ".docx":
        make_docx(path, fill)
    elif path.suffix == ".odt":
        body = '<text:h text:outline-level="1">O\u202ene</text:h><text:p>Hel\u2066lo the\ufffa re.</text:p>'
        make_odt(path, body)
    elif path.suffix == ".fb2":
        section = "<section><title><p>O\u202ene</p></title><p>Hel\u2066lo the\ufffa re.</p></section>"
        path.write_bytes(fb2(f"<body>{section}</body>"))
    else:
        make_pdf(path, [set_rows("Hello the\x1bre.")])
