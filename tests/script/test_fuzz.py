"""Any bytes, in any format: a screenplay or a ScriptError with one line for each problem, and soon."""

from __future__ import annotations

import codecs
import contextlib
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError
from csm_cli.lint.script import check_script
from csm_cli.script.attribution import guess_speakers
from csm_cli.script.importing import import_book
from csm_cli.script.writers import write_script
from tests.script.books import CONTENTS, PAGES, make_epub
from tests.script.test_formats import FOUNTAIN, TEXT
from tests.script.test_language import MARKDOWN, YAML
from tests.script.test_round_trip import FULL

CORPUS = {
    ".yaml": [YAML, FULL, "lines: [{pause: 1}]", "a: &a [*a]"],
    ".md": [MARKDOWN, "# a\n[include a.md]\n", "---\nvoices: {A: {b: c}}\n---\n**A (b):** (c) {seed=1} d"],
    ".fountain": [FOUNTAIN],
    ".txt": [TEXT],
    ".json": ['{"title": "a", "lines": [{"speaker": 1, "text": "b\\n\\nc"}, ["d", "e"]]}'],
}
SPICE = [
    *(
        "\0",
        "\x1b[2J",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\x85",
        "\ud7ff",
        "\U0010ffff",
        "é",
        "e\u0301",
        "\r",
        "\r\n",
    ),
    *(
        "{{",
        "}}",
        "{a=b}",
        '{"',
        "[[",
        "]]",
        "/*",
        "*/",
        "<!--",
        "-->",
        "**",
        "__",
        "((",
        "))",
        "\\",
        "\n\n",
        "\n",
    ),
    *(
        "---\n",
        "...\n",
        "# ",
        "## ",
        "@",
        ">",
        "<",
        "!",
        "~",
        "^",
        "=",
        "&a",
        "*a",
        "!!python/object:os.system",
    ),
    *(
        "1" * 40,
        "9" * 400,
        "a" * 3000,
        "[sound ../../etc/passwd]",
        "[include a.md]",
        "- " * 40,
        "[" * 40,
        "' \"",
    ),
]


def survives(ending: str, data: bytes) -> None:
    """lint, import and both writers get through, or refuse in one line for each problem."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(data)
        for finding in check_script(path):
            assert "\n" not in str(finding)
        try:
            play = guess_speakers(import_book(path, None, path.with_name("b.md")).screenplay).screenplay
        except ScriptError as error:
            assert error.problems and all("\n" not in problem for problem in error.problems)
        else:
            for format in ("yaml", "markdown"):
                assert write_script(play, format)


@given(st.sampled_from(sorted(CORPUS)), st.integers(0, 2**32), st.integers(1, 8))
def test_scripts_with_something_spilt_into_them(ending, seed, times):
    chance = random.Random(seed)
    text = chance.choice(CORPUS[ending])
    for _ in range(times):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            text = text[:at] + chance.choice(SPICE) + text[at:]
        elif kind == 1:
            text = text[:at] + text[min(len(text), at + chance.randrange(1, 30)) :]
        elif kind == 2:
            other = chance.choice(CORPUS[chance.choice(sorted(CORPUS))])
            text = text[:at] + other[chance.randrange(len(other)) :][:60] + text[at:]
        else:
            text = text[:at] + text[at : at + 40] * 3 + text[at:]
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + bytes([chance.randrange(256)]) + data[at:]
    survives(ending, data)


@given(st.sampled_from([*sorted(CORPUS), ".epub"]), st.binary(max_size=400))
def test_any_bytes(ending, data):
    survives(ending, data)


@given(st.text(st.sampled_from("<>/&;!-[]=\"' apdivbrh1sup?xml\n"), max_size=200))
def test_any_page_of_an_e_book(body):
    with tempfile.TemporaryDirectory() as folder:
        path = make_epub(Path(folder) / "a.epub", {"a.xhtml": body, "b.xhtml": f"<p>{body}</p>"}, [])
        with contextlib.suppress(ScriptError):
            guess_speakers(import_book(path, None, path.with_name("b.md")).screenplay)


@pytest.mark.parametrize("ending", sorted(CORPUS))
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\n" * 600_000, "600001 rows; 500000 are the most"),
        (b"\0" * 1000, "control character U+0000"),
        ("Grüße".encode("utf-16"), "this file is UTF-16; save it as UTF-8"),
        ("Grüße".encode("cp1252"), "byte 0xfc is not UTF-8"),
        ("Gr\u00fc\u00dfe".encode() + "Gr\u00fc\u00dfe".encode("cp1252"), "byte 0xfc is not UTF-8"),
        (bytes(17 * 2**20), "larger than 16 MiB"),
    ],
    ids=["rows", "NULs", "UTF-16", "cp1252", "mixed", "huge"],
)
def test_files_that_are_refused_at_once(tmp_path, ending, data, message):
    path = tmp_path / f"a{ending}"
    path.write_bytes(data)
    findings = check_script(path)
    if ending == ".txt" and data.startswith(codecs.BOM_UTF16_LE):
        assert not findings  # a plain text is read whatever program wrote it
        return
    assert message in findings[0].message
    assert len(findings) <= 20


def test_too_many_lines_and_too_long_a_line_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a\n\n" * 50_001)
    assert "more than 50000 lines" in check_script(path)[-1].message
    path.write_text("a b " * 30_000)
    assert "100000 are the most" in "\n".join(map(str, check_script(path)))


def test_many_faults_are_counted_and_not_all_told(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("lines:\n" + "".join(f"- Nobody{n}: a\n" for n in range(3000)))
    findings = [found for found in check_script(path) if found.level == "error"]
    assert len(findings) == 1001
    assert "nothing behind them was looked at" in findings[-1].message


def test_a_device_is_not_read(tmp_path):
    (tmp_path / "a.md").symlink_to("/dev/zero")
    assert "not an ordinary file" in check_script(tmp_path / "a.md")[0].message


def test_an_e_book_with_a_page_spilt_over(tmp_path):
    chance = random.Random(7)
    whole = make_epub(tmp_path / "a.epub", PAGES, CONTENTS).read_bytes()
    for _ in range(40):
        at = chance.randrange(len(whole))
        survives(".epub", whole[:at] + bytes(chance.randrange(256) for _ in range(8)) + whole[at + 8 :])
