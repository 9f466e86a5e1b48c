"""Fountain, plain text and JSON: what each construct becomes. Files that are something else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csm_cli.core.errors import UnreadableScript
from csm_cli.script import Line, SceneBreak, check_screenplay, read_screenplay
from csm_cli.script.formats import check_content

FOUNTAIN = """\
Title:
    _**The Lamp**_
    *A Play*
Credit: Written by
Authors: A. Writer and
    B. Writer
Draft date: 2020
Copyright: (c) 2020
Contact:
\t12 Harbour Rd.
Voices:
    ANNA: bella

# Act One

= What happens here is not said.

INT. LIGHTHOUSE - NIGHT #1-A#

The lamp is /* never
said */ out. [[nor
this]] The *wind* is up.
Steel doors.

ANNA (V.O.) (CONT'D)
(softly)
Is that **you**?
(beat; to herself)
_Ben_?

@McBen
It is \\*me\\*.
{two spaces}
After a pause.

ANNA
I know.

BEN ^
You know.

R2D2
Beep.

23
is no speaker.

SHE STOPS.

est. beach

./ext. no heading

I/E CAR - DAY

CUT TO:

> FADE OUT.

.FLASHBACK

.22 calibre: a heading, as it is forced

> THE END <

!SCANNING THE AISLES...

MOTHER
~O a song of the sea

===

## Sequence

Sand.

# Act Two

ext beach - day

The end.
""".replace("{two spaces}", "  ")


def shape(play):
    return [
        (
            chapter.title,
            [
                (item.speaker, item.text, item.notes)
                if isinstance(item, Line)
                else getattr(item, "title", type(item).__name__)
                for item in chapter.items
            ],
        )
        for chapter in play.chapters
    ]


def test_every_construct_of_fountain(script):
    play = read_screenplay(script("lamp.fountain", FOUNTAIN))
    n = "narrator"
    assert shape(play) == [
        (
            "Act One",
            [
                "INT. LIGHTHOUSE - NIGHT",
                (n, "The lamp is out. The wind is up. Steel doors.", ()),
                ("ANNA", "Is that you?", ("V.O.", "softly")),
                ("ANNA", "Ben?", ("beat; to herself",)),
                ("McBen", "It is *me*. After a pause.", ()),
                ("ANNA", "I know.", ()),
                ("BEN", "You know.", ()),
                ("R2D2", "Beep.", ()),
                (n, "23 is no speaker.", ()),
                (n, "SHE STOPS.", ()),
                "est. beach",
                (n, "./ext. no heading", ()),
                "I/E CAR - DAY",
                "FLASHBACK",
                "22 calibre: a heading, as it is forced",
                (n, "THE END", ()),
                (n, "SCANNING THE AISLES...", ()),
                ("MOTHER", "O a song of the sea", ()),
                "Sequence",
                (n, "Sand.", ()),
            ],
        ),
        ("Act Two", ["ext beach - day", (n, "The end.", ())]),
    ]
    assert (play.title, play.author) == ("The Lamp A Play", "A. Writer and B. Writer")
    assert play.metadata == {"date": "2020", "copyright": "(c) 2020"}
    assert (play.cast["ANNA"].voice, play.cast["BEN"].voice) == ("bella", "")
    anna = next(line for line in play.lines if line.speaker == "ANNA")
    assert str(anna.source).endswith("lamp.fountain:27:1")


def test_fountain_without_sections_is_one_chapter_named_as_the_play(script):
    play = read_screenplay(script("a.fountain", "INT. ROOM\n\nNobody.\n\nANNA\nHi.\n"))
    assert [(chapter.title, len(chapter.lines), chapter.untitled) for chapter in play.chapters] == [
        ("a", 2, True)
    ]


def test_a_title_that_is_no_json_is_an_error_with_its_place(faults):
    assert faults("a.json", '{"title": "a\\q", "lines": [["A", "Hi."]]}') == [
        "1:13: error: not valid JSON: Invalid \\escape"
    ]


TEXT = """\
Prologue

It was cold
that day.

Chapter 2: The Sea

   * * *

Note: this is said once, and no name.

ANNA: Hello.
Ben: Who is
there?
ANNA: Me.
Ben: Oh.

[S1] One.
[Speaker 2]: Two.

Speaker 3: Three.

…

#nothing *special* _here_ {a} [b]
"""


def test_plain_text_and_its_ways_of_naming_speakers(script):
    play = read_screenplay(script("a.txt", TEXT))
    n = "narrator"
    assert shape(play) == [
        ("Prologue", [(n, "It was cold that day.", ())]),
        (
            "Chapter 2: The Sea",
            [
                "",
                (n, "Note: this is said once, and no name.", ()),
                ("ANNA", "Hello.", ()),
                ("Ben", "Who is there?", ()),
                ("ANNA", "Me.", ()),
                ("Ben", "Oh.", ()),
                ("S1", "One.", ()),
                ("Speaker 2", "Two.", ()),
                ("Speaker 3", "Three. …", ()),
                (n, "#nothing *special* _here_ {a} [b]", ()),
            ],
        ),
    ]
    assert isinstance(play.chapters[1].items[0], SceneBreak)
    assert str(play.lines[3].source).endswith("a.txt:13:6")


@pytest.mark.parametrize(
    "text",
    [
        '[{"speaker": "Anna", "text": "Hi."}, {"speaker": "Ben", "text": "Ho."}]',
        '{"title": "T", "lines": [{"name": "Anna", "line": "Hi."}, {"character": "Ben", "content": "Ho."}]}',
        '{"messages": [{"role": "Anna", "content": "Hi."}, ["Ben", "Ho."]]}',
    ],
)
def test_dialogues_in_json(script, text):
    play = read_screenplay(script("a.json", text))
    assert [(line.speaker, line.text) for line in play.lines] == [("Anna", "Hi."), ("Ben", "Ho.")]
    assert play.title == ("T" if "T" in text else "a")


def test_json_places_numbers_and_paragraphs(script):
    play = read_screenplay(
        script("a.json", '[\n {"speaker": 1, "text": "A\\n\\nB \\ud83d\\ude00"},\n {"text": "C"}]')
    )
    assert [(line.speaker, line.text, line.source.line) for line in play.lines] == [
        ("Speaker 1", "A", 2),
        ("Speaker 1", "B \U0001f600", 2),
        ("narrator", "C", 3),
    ]


def test_notes_end_at_their_marks_and_marks_without_a_partner_stay(script):
    text = "One [[a [b] c\nd]] two.\n\n[[ no end\n\nThree]] and [[e [[f]] four.\n\n" + "[[" * 50_000
    play = read_screenplay(script("a.fountain", text))
    assert [line.text for line in play.lines] == ["One two.", "[[ no end", "Three]] and four."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", '1:1: error: expected a list of {"speaker": …, "text": …}'),
        ('[{"speaker": "A"}]', '1:2: error: expected {"speaker": …, "text": …}'),
        ('[{"speaker": "A", "text": "a"}', "not valid JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[1" + "1" * 5000 + "]", "1:2: error"),
    ],
)
def test_faults_in_json(script, text, message):
    _, problems = check_screenplay(script("a.json", text))
    assert message in "\n".join(map(str, problems.findings()))


def test_a_format_can_be_named(script):
    play = read_screenplay(script("a.dat", "ANNA\nHi.\n"), "fountain")
    assert [line.speaker for line in play.lines] == ["ANNA"]


CONTENTS = {
    "a.md": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "this is a picture; recognise its text"),
    "a.txt": (b"\xff\xd8\xff\xe0\0\x10JFIF", "this is a picture"),
    "b.yaml": (b"RIFF\x24\0\0\0WAVEfmt ", "this is a recording or a film; a recording is no script"),
    "b.md": (b"ID3\x04\0\0\0\0\0\0", "`csm voices add`"),
    "c.md": (b"\x7fELF\x02\x01\x01" + bytes(40), "this is a program or a database"),
    "c.txt": (bytes(range(64)) + bytes(64), "this is no text"),
    "c.json": (b"\x1f\x8b\x08\0", "this is an archive; unpack it"),
    "d.docx": (b"", r"is empty, and not a Word document \(\.docx\); save it again"),
    "d.epub": (b"", "is empty"),
    "d.pdf": (b"", "is empty"),
    "e.docx": (b"Hello.", r"not a Word document \(\.docx\), but a text; let its name end in \.txt or \.md"),
    "e.epub": ("Größe".encode(), "not an EPUB, but a text"),
    "e.odt": (b"\x80\x81\x82\x83\x84", r"not an OpenDocument text \(\.odt\), but something else"),
    "f.md": (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", r"let its name end in \.epub"),
    "g.md": (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", r"let its name end in \.docx"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_is_something_else_says_what_to_do(tmp_path, name):
    data, fault = CONTENTS[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableScript, match=fault):
        read_screenplay(tmp_path / name)


REMEDIES = {
    ".srt .vtt .ass .lrc": "save its words as .txt",
    ".ipynb": "nbconvert --to markdown",
    ".mp3 .wav .ogg .m4b .flac .mp4": "csm voices add",
    ".png .gif .webp .jpg .heic": "recognise its text",
    ".csv .xlsx .ods .numbers": "NAME: words",
    ".doc .rtf .wpd": "save it as .docx",
    ".mobi .azw3": "ebook-convert",
    ".tex .rst .org": "pandoc book",
    ".fdx": "as Fountain",
    ".pages .gdoc .scriv": "as .docx|Word",
    ".zip .rar .tgz .gz": "unpack it",
    ".eml .mhtml .webloc": "as .html|or .html",
    ".pptx .key": "as .docx or .txt",
    ".part": "fetched to its end",
    ".bak": "as before",
    ".text .log": "end in .txt",
    ".mkd .qmd": "end in .md",
}


@pytest.mark.parametrize("ending", " ".join(REMEDIES).split())
def test_a_format_that_is_not_read_says_what_to_do(tmp_path, ending):
    path = tmp_path / f"book{ending.upper()}"
    path.write_text("some words")
    wanted = next(remedy for endings, remedy in REMEDIES.items() if ending in endings.split())
    with pytest.raises(UnreadableScript, match=wanted) as caught:
        read_screenplay(path)
    assert f"{ending} files are not read; " in caught.value.line
    assert caught.value.exit_code == 3


@given(st.text(max_size=2000))
@example("The new WAVE came in.")
@example("ID3 is what tags are called; GIF89a is a picture.")
@example("Rar! said the lion.")
def test_a_text_is_never_taken_for_something_else(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("text") / "a.md"
    path.write_bytes(text.replace("\0", "").encode())
    check_content(path, "markdown")
