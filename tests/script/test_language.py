"""What both formats can say beside lines: settings, styles, aliases, notes, sounds, includes, variables."""

from __future__ import annotations

import pytest

from csm_cli.script import (
    Bed,
    BedEnd,
    Chapter,
    Line,
    SceneBreak,
    Settings,
    Sound,
    check_screenplay,
    read_screenplay,
)

HEAD = """\
seed: 5
gain: -1
variables: {town: Bridgeford}
voices:
  narrator: heart
  Anna: {calm: bella, angry: anna-angry, aliases: [Annie]}
  Ben: {voice: michael, whispering: ben-low}
"""
YAML = f"""\
{HEAD}chapters:
  - title: One
    temperature: 0.5
    seed: 7
    voices: {{Ben: fenrir}}
    lines:
      - narrator: We came to {{{{town}}}}.
      - Anna (angry): Out!
      - Annie: (Calm, almost kind) Sit down.
      - {{speaker: Ben, note: softly, text: "(Me?)", voice: george, gain: 3, seed: 1,
         pause_before: 2, context: off}}
      - Ben: (whispering) No.
      - sound: door.wav
        over: on
      - {{bed: rain.wav, duck: 3}}
      - narrator: It rained.
        paragraph: on
      - bed end
      - scene: Night
      - Ben: Well.
"""
MARKDOWN = f"""\
---
{HEAD}---
# One {{temperature=0.5 seed=7 voice.Ben=fenrir}}

We came to {{{{town}}}}.
**Anna (angry):** Out!
**Annie:** (Calm, almost kind) Sit down.
**Ben:** {{voice=george gain=3 pause_before=2 context=off seed=1}} (softly) \\(Me?)
**Ben:** (whispering) No.
[sound door.wav over]
[bed rain.wav duck=3]

It rained.
[bed end]

## Night

**Ben:** Well.
"""


@pytest.fixture(params=[(".yaml", YAML), (".md", MARKDOWN)], ids=["yaml", "markdown"])
def play(request, script, tmp_path):
    for name in ("door.wav", "rain.wav"):
        (tmp_path / name).touch()
    ending, text = request.param
    return read_screenplay(script(f"play{ending}", text))


def test_notes_are_kept_and_choose_the_reference_but_are_not_text(play):
    said = [(line.speaker, line.text, line.notes, line.style, line.voice) for line in play.lines]
    assert said == [
        ("narrator", "We came to Bridgeford.", (), "", "heart"),
        ("Anna", "Out!", ("angry",), "angry", "anna-angry"),
        ("Anna", "Sit down.", ("Calm, almost kind",), "calm", "bella"),
        ("Ben", "(Me?)", ("softly",), "", "george"),
        ("Ben", "No.", ("whispering",), "whispering", "ben-low"),
        ("narrator", "It rained.", (), "", "heart"),
        ("Ben", "Well.", (), "", "fenrir"),
    ]


def test_settings_go_from_script_to_chapter_to_line(play):
    (chapter,) = play.chapters
    assert (play.seed, chapter.seed, chapter.voices) == (5, 7, {"Ben": "fenrir"})
    assert chapter.settings == Settings(temperature=0.5)
    first, own = play.lines[0], play.lines[3]
    assert (first.seed, first.settings) == (None, Settings(temperature=0.5, gain=-1))
    assert (own.seed, own.settings) == (1, Settings(temperature=0.5, gain=3, context=False, pause_before=2))


def test_sounds_and_beds_are_found_beside_the_script(play, tmp_path):
    sound, bed = (item for item in play.chapters[0].items if isinstance(item, (Sound, Bed)))
    assert (sound.file, sound.path, sound.gain, sound.over) == (
        "door.wav",
        str(tmp_path / "door.wav"),
        0,
        True,
    )
    assert (bed.path, bed.gain, bed.duck, bed.fade) == (str(tmp_path / "rain.wav"), -12, 3, 2)
    assert any(isinstance(item, BedEnd) for item in play.chapters[0].items)


def test_a_scene_break_has_the_title_of_its_scene(play):
    items = [item for item in play.chapters[0].items if isinstance(item, (Line, SceneBreak))]
    assert [(at, item.title) for at, item in enumerate(items) if isinstance(item, SceneBreak)] == [
        (6, "Night"),
    ]


def test_every_node_has_a_place(play):
    for item in play.chapters[0].items:
        assert item.source.path == play.path and item.source.line > 3 and item.source.column > 0


def test_an_include_brings_lines_or_chapters_and_knows_the_cast(script, tmp_path):
    (tmp_path / "parts").mkdir()
    script("parts/lines.md", "**Anna:** From {{town}}.\n")
    script(
        "parts/chapters.yaml", "chapters:\n- title: Two\n  lines:\n  - Ben: Two.\n- lines: [Anna: Three.]\n"
    )
    main = script(
        "main.md",
        "---\nvoices: {Anna: bella, Ben: michael}\nvariables: {town: Rome}\ngain: 2\n---\n# One\n\nHi.\n\n"
        "[include parts/lines.md]\n\n[include parts/chapters.yaml]\n",
    )
    play = read_screenplay(main)
    assert [
        (chapter.title, [(line.id, line.text) for line in chapter.lines]) for chapter in play.chapters
    ] == [
        ("One", [("c01-l001", "Hi."), ("c01-l002", "From Rome.")]),
        ("Two", [("c02-l001", "Two.")]),
        ("Chapter 2", [("c03-l001", "Three.")]),
    ]
    assert {line.settings.gain for line in play.lines} == {2}
    assert [line.voice for line in play.lines] == ["", "bella", "michael", "bella"]
    assert str(play.lines[1].source).endswith("parts/lines.md:1:11")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("[sound ../../etc/passwd]", "leads out of the script's folder"),
        ("[sound /etc/passwd]", "leads out of the script's folder"),
        ("[bed notes.txt]", "must end in one of .wav"),
        ("[sound gone.wav]", 'the sound "gone.wav" is not there'),
        ("[sound]", "the sound needs the name of a file"),
        ("[include ../other.md]", "leads out of the script's folder"),
        ("[include play.md]", '"play.md" includes itself'),
        ("[sound link.wav]", "leads out of the script's folder"),
        (f"[sound {'x' * 900}.wav]", "is not a file name that can be used"),
        ("[bed door.wav gain=99]", 'gain is a number from -60 to 20 dB, not "99"'),
        ("**Anna:** {sead=7} Hi.", 'unknown key "sead"; did you mean "seed"?'),
        ("**Anna:** {seed=7 seed=8} Hi.", 'duplicate key "seed"'),
        ("**Anna:** {context=maybe} Hi.", 'context is on or off, not "maybe"'),
        ("**Anna:** {temperature=9} Hi.", 'temperature is a number from 0 to 5, not "9"'),
        ("# One {colour=red}\n\nHi.", 'unknown key "colour"'),
        ("We met in {{twon}}.", 'unknown variable "twon"; did you mean "town"?'),
        ("**Anna:** (sighs)", 'only a delivery note for "Anna"'),
    ],
)
def test_faults_of_the_larger_language(script, tmp_path, row, message):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "door.wav").touch()
    (tmp_path / "link.wav").symlink_to("/etc/passwd")
    path = script(
        "play.md", f"---\nvariables: {{town: Rome}}\nvoices: {{Anna: bella}}\n---\n{row}\n\nFine.\n"
    )
    _, problems = check_screenplay(path)
    errors = [found.message for found in problems.findings() if found.level == "error"]
    assert len(errors) == 1 and message in errors[0]


@pytest.mark.parametrize(
    ("voices", "message"),
    [
        ("{Anna: {voice: bella, speeker: 3}}", 'unknown key "speeker"; did you mean "speaker"?'),
        ("{Anna: {calm: [a]}}", 'the style "calm" of "Anna" must be the name of a voice, not a list'),
        ("{Anna: {aliases: Ben}, Ben: }", '"Ben" is also a name of Anna'),
        ("{Anna: {aliases: narrator}}", '"narrator" is a character of its own'),
    ],
)
def test_faults_in_the_cast(faults, voices, message):
    (found,) = faults("a.yaml", f"voices: {voices}\nlines:\n- Anna: Hi\n")
    assert message in found


def test_a_style_with_a_slip_and_a_cue_with_a_slip_are_warned_of(script):
    path = script("a.md", "---\nvoices: {Anna: {angry: bella}}\n---\n**Anna:** (angy) Out!\n\n[puase 2]\n")
    _, problems = check_screenplay(path)
    assert [(found.level, found.message) for found in problems.findings()] == [
        ("warning", '"angy" is no style of Anna; did you mean "angry"?'),
        ("warning", '[puase 2] is read aloud as it stands; did you mean "[pause"?'),
    ]


def test_braces_brackets_and_doubled_braces_can_be_text(script):
    path = script(
        "a.md", "---\nvoices: {Anna: bella}\n---\n**Anna:** \\{seed=7} {a} [b] \\{{c}} \\[pause 1]\n"
    )
    (line,) = read_screenplay(path).lines
    assert (line.text, line.seed) == ("{seed=7} {a} [b] {{c}} [pause 1]", None)


def titles(chapter: Chapter) -> set[str]:
    return {item.title for item in chapter.items if isinstance(item, SceneBreak)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# The \\{{x}} game\n\n## In \\{{y}}\n\nHi.\n"),
        (
            "a.yaml",
            "chapters: [{title: 'The \\{{x}} game', lines: [{scene: 'In \\{{y}}'}, {narrator: Hi.}]}]",
        ),
        ("a.fountain", "# The {{x}} game\n\nINT. IN {{y}}\n\nHi.\n"),
        ("a.txt", "Chapter 1. The {{x}} game\n\nHi.\n"),
        ("a.json", '{"title": "The {{x}} game", "lines": [{"text": "Hi."}]}'),
        ("b.md", "---\ntitle: The {{x}} game\n---\nHi.\n"),
    ],
)
def test_doubled_braces_can_stand_in_titles(script, name, text):
    (chapter,) = read_screenplay(script(name, text)).chapters
    assert chapter.title.endswith("The {{x}} game")
    assert titles(chapter) <= {"In {{y}}", "INT. IN {{y}}"}


def test_variables_stand_in_titles(script):
    path = script("a.md", "---\nvariables: {x: Rome}\n---\n# *To* {{x}}\n\n## In {{x}}\n\nHi.\n")
    (chapter,) = read_screenplay(path).chapters
    assert (chapter.title, titles(chapter)) == ("To Rome", {"In Rome"})


def test_a_cue_that_is_not_closed_takes_no_longer_for_its_spaces(script):
    path = script("a.md", f"Hi.\n\n[pause{' ' * 90_000}x\n\nA {{a=b{' ' * 90_000}x\n")
    assert [line.text[:6] for line in read_screenplay(path).lines] == ["Hi.", "[pause", "A {a=b"]


def test_variables_that_swell_a_line_are_refused(script):
    text = f"---\nvariables: {{a: {'x' * 90_000}}}\n---\n{'{{a}}' * 2000}\n"
    _, problems = check_screenplay(script("a.md", text))
    assert "with its variables longer than 100000" in problems.findings()[0].message


def test_includes_that_multiply_are_refused(script):
    for depth in range(10):
        script(f"i{depth}.md", f"[include i{depth + 1}.md]\n" * 900 + "Text.\n")
    _, problems = check_screenplay(script("a.md", "[include i0.md]\n"))
    messages = [found.message for found in problems.findings()]
    assert any("nested more than 8 deep" in message for message in messages)
    assert any("more than 1000 includes" in message for message in messages)


def test_large_includes_are_read_so_many_times_and_no_more(script, monkeypatch):
    monkeypatch.setattr("csm_cli.script.sources.MAX_INCLUDED_BYTES", 2**20)
    script("large.md", "Text.\n\n<!-- " + "a" * 500_000 + " -->\n")
    _, problems = check_screenplay(script("a.md", "[include large.md]\n" * 4))
    assert [found.message for found in problems.findings()] == [
        "the included scripts are larger than 1 MiB together"
    ] * 2


def test_many_includes_in_a_circle_end(script):
    script("b.md", "[include a.md]\n[include a.md]\n\nText.\n")
    _, problems = check_screenplay(script("a.md", "[include b.md]\n[include b.md]\n\nText.\n"))
    assert ["includes itself" in found.message for found in problems.findings()] == [True, True]
