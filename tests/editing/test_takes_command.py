"""`csm takes`, as a person uses it after a rendering."""

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from csm_cli.takes.rows import Row, with_hash
from tests.rendering.fake_engine import capped

RATE = 24_000


@pytest.fixture
def book(csm, engine, script):
    """A rendered script in the current folder, named book.yaml; the batches that spoke it are forgotten."""
    Path("book.yaml").write_text(script.read_text())
    engine.fail = lambda asked: capped(asked) if asked.text == "Nobody." else None
    assert csm("render", "book.yaml").code == 5
    engine.fail = None
    engine.batches.clear()
    return "book.yaml"


def listed(csm, *options):
    return json.loads(csm("takes", "list", "--json", *options).out)


def row(csm, text):
    return next(each for each in listed(csm) if each["text"] == text)


def tone(path, seconds=1.0, pitch=300, rate=RATE):
    time = np.arange(round(seconds * rate)) / rate
    sound = 0.2 * np.sin(2 * np.pi * pitch * time)
    sound[: rate // 50] = sound[-rate // 50 :] = 0
    soundfile.write(path, sound, rate)


def test_the_list(csm, book):
    result = csm("takes", "list")
    lines = result.out.splitlines()
    assert len(lines) == 7
    assert re.match(r"[0-9a-z]{7}  book\.yaml:6  narrator +\d\.\d s  1  ok +The boat turned", lines[0])
    assert "review    Nobody." in lines[5]
    assert result.err.strip().endswith("of speech, 1 to review")
    assert [each["text"] for each in listed(csm, "--needs-review")] == ["Nobody."]
    assert [each["speaker"] for each in listed(csm, "--speaker", "Anna")] == ["Anna"] * 3
    assert [each["chapter"] for each in listed(csm, "--chapter", "2-3", book)] == [2, 2, 2, 3]
    (each,) = listed(csm, "--chapter", "3")
    assert {"name", "source", "state", "takes"} <= set(each)
    assert [each["speaker"] for each in listed(csm, "--speaker", "ANNA")] == ["Anna"] * 3
    assert csm("takes", "list", "--speaker", "Bob").code == 2


def test_lines_edited_since_are_new(csm, book):
    Path(book).write_text(Path(book).read_text().replace("Nobody.", "Somebody."))
    assert row(csm, "Somebody.")["state"] == "new"
    assert csm("takes", "play", "book.yaml:15", "-o", "x.wav").code == 4


@pytest.mark.parametrize("form", ["{file}:15", "{file}:15:19", "{file}#{id}", "{id}", "{short}"])
def test_the_names_of_a_line(csm, book, form):
    name = row(csm, "Nobody.")["name"]
    result = csm("takes", "show", form.format(file=book, id=name, short=name[:5]))
    assert result.out.splitlines()[0].startswith(f"{name}  book.yaml:15  narrator  review")


@pytest.mark.parametrize("name", ["book.yaml:1", "book.yaml:99", "zzzzzzz", "nothing.yaml:3", "book.yaml#"])
def test_what_names_no_line_is_told_in_one_line(csm, book, name):
    result = csm("takes", "show", name)
    assert result.code in (2, 3, 4)
    assert "Traceback" not in result.err


def test_a_take_becomes_a_file(csm, book):
    result = csm("takes", "play", "book.yaml:15", "-o", "take.wav")
    assert result.out == "take.wav\n"
    assert soundfile.info("take.wav").duration == pytest.approx(row(csm, "Nobody.")["takes"][0]["seconds"])


def test_reroll_makes_takes_and_uses_the_best(csm, book, engine):
    result = csm("takes", "reroll", "book.yaml:15", "-n", 3)
    assert result.code == 0, result.err
    made = [line.split()[:2] for line in result.out.splitlines()]
    assert [state for _, state in made] == ["used", "kept", "kept"]
    assert [len(batch) for batch in engine.batches] == [3], "all at once"
    asked = engine.batches[0]
    assert len({each.seed for each in asked}) == 3
    assert {tuple(turn.text for turn in each.context) for each in asked} == {
        ("They climbed the stairs slowly, one hand on the cold wall.", "Who looks after it now?")
    }
    found = row(csm, "Nobody.")
    assert (found["state"], len(found["takes"])) == ("ok", 4)
    assert [take["name"] for take in found["takes"] if take["in_use"]] == [made[0][0]]
    engine.batches.clear()
    result = csm("render", "book.yaml")
    assert (result.code, engine.batches) == (0, []), "the choice is kept, nothing is spoken"
    timeline = json.loads(Path("book/timeline.json").read_text())
    assert timeline["chapters"][1]["lines"][2]["takes"] == [made[0][0]]
    again = csm("takes", "reroll", "book.yaml:15")
    assert again.out.split()[0] not in {name for name, _ in made}, "a seed that was not used yet"


def test_reroll_with_a_seed(csm, book, engine):
    csm("takes", "reroll", "book.yaml:15", "--seed", 77)
    assert [each.seed for each in engine.asked] == [77]
    (used,) = [take for take in row(csm, "Nobody.")["takes"] if take["in_use"]]
    assert (used["seed"], used["origin"]) == (77, "rerolled")


def test_what_heard_a_rerolled_line_is_stale(csm, book, engine):
    csm("takes", "reroll", "book.yaml:6")
    csm("render", book)
    assert row(csm, "Is that the light?")["state"] == "stale"
    engine.batches.clear()
    csm("render", book, "--lineage", "strict")
    assert [each.text for each in engine.asked] == ["Is that the light?", "Hold on!"]


def test_a_reroll_that_stays_bad_exits_5(csm, book, engine):
    engine.fail = capped
    assert csm("takes", "reroll", "book.yaml:15").code == 5


def test_pinned_is_pinned(csm, book, engine):
    csm("takes", "reroll", "book.yaml:15", "-n", 2)
    takes = [take["name"] for take in row(csm, "Nobody.")["takes"]]
    assert csm("takes", "pin", "book.yaml:15", 1).code == 0
    found = row(csm, "Nobody.")
    assert (found["state"], found["review"]) == ("pinned", [])
    assert [take["pinned"] for take in found["takes"]] == [True, False, False]
    engine.batches.clear()
    assert csm("render", book, "--fresh").code == 0
    assert "Nobody." not in {each.text for each in engine.asked}
    refused = csm("takes", "reroll", "book.yaml:15")
    assert (refused.code, "unpin" in refused.err) == (2, True)
    csm("takes", "pin", "book.yaml:15", takes[2][:8])
    assert [take["name"] for take in row(csm, "Nobody.")["takes"] if take["pinned"]] == [takes[2]]
    assert "is free again" in csm("takes", "unpin", "book.yaml:15").err
    assert "was not pinned" in csm("takes", "unpin", "book.yaml:15").err
    assert csm("takes", "pin", "book.yaml:15", "nothing").code == 2


def test_a_recording_becomes_the_pinned_take_and_is_heard_by_the_next_line(csm, book, engine):
    tone("mine.flac", 1.5, rate=44_100)
    result = csm("takes", "import", "book.yaml:13", "mine.flac")
    assert result.code == 0, result.err
    found = row(csm, "Who looks after it now?")
    assert (found["state"], found["takes"][-1]["origin"]) == ("pinned", "imported")
    engine.batches.clear()
    assert csm("render", book, "--lineage", "strict").code == 0
    (asked,) = engine.asked
    assert asked.text == "Nobody."
    assert [turn.text for turn in asked.context][-1] == "Who looks after it now?"
    assert (len(asked.context[-1].codes), engine.encoded) == (18, 1)
    csm("render", book, "--seed", 5)
    assert engine.encoded == 1, "codes are kept"
    timeline = json.loads(Path("book/timeline.json").read_text())
    entry = timeline["chapters"][1]["lines"][1]
    assert entry["end"] - entry["start"] == pytest.approx(1.46, abs=0.02)


def test_a_doubtful_recording_is_taken_with_a_warning(csm, book):
    soundfile.write("loud.wav", np.ones(RATE, dtype=np.float32), RATE)
    result = csm("takes", "import", "book.yaml:13", "loud.wav")
    assert result.code == 0
    assert "warning: loud.wav: clipped" in result.err
    assert csm("takes", "import", "book.yaml:13", "nothing.wav").code == 4


def test_out_to_an_editor_and_back(csm, book, engine):
    result = csm("takes", "export", "-o", "clips")
    files = result.out.splitlines()
    clips = files[:-3]
    assert [Path(name).name for name in files[-3:]] == ["labels.txt", "clips.lof", "clips.json"]
    assert len(clips) == 7
    labels = [line.split("\t") for line in Path("clips/labels.txt").read_text().splitlines()]
    assert [f"clips/{name}.wav" for _, _, name in labels] == clips
    for (start, end, _), clip in zip(labels, clips, strict=True):
        assert float(end) - float(start) == pytest.approx(soundfile.info(clip).duration, abs=1e-5)
    assert (
        Path("clips/clips.lof").read_text().splitlines()[0] == f'file "{Path(clips[0]).name}" offset 0.000000'
    )

    result = csm("takes", "import-edits", "clips")
    assert (result.out, result.err) == ("", "csm: 7 unchanged\n")

    sound, _ = soundfile.read(clips[1])
    soundfile.write(clips[1], np.concatenate([sound, np.zeros(RATE // 4)]), RATE)
    sound, _ = soundfile.read(clips[2])
    soundfile.write(clips[2], sound + np.random.default_rng(0).uniform(-1, 1, sound.size) / 32768, RATE)
    Path(clips[3]).unlink()
    Path(clips[4]).write_text("no sound")
    dry = csm("takes", "import-edits", "clips", "--dry-run")
    result = csm("takes", "import-edits", "clips")
    assert dry.out == result.out == f"{row(csm, 'Is that the light?')['name']}  {clips[1]}\n"
    assert f"warning: {clips[3]}: is not there" in result.err
    assert f"warning: {clips[4]}: " in result.err
    assert result.err.splitlines()[-1] == "csm: 4 unchanged, 1 imported, 1 missing, 1 unreadable"
    assert row(csm, "Is that the light?")["state"] == "pinned"
    assert csm("render", book).code == 5
    assert csm("takes", "import-edits", "nowhere").code == 4


def test_clear_up(csm, book, engine):
    csm("takes", "reroll", "book.yaml:13", "-n", 2)
    store = Path(".csm/takes")
    assert csm("takes", "gc").err.startswith("csm: 2 takes removed"), "one was chosen, the others not"
    Path(book).write_text(Path(book).read_text().replace("Hold on!", "Wait!"))
    csm("render", book)
    leftover = next(store.glob("??")) / ".abc.flac"
    leftover.write_bytes(b"half a file")
    before = sorted(store.glob("??/*"))
    dry = csm("takes", "gc", "--dry-run")
    assert re.match(r"csm: 1 take and 1 leftover file would be removed, \d+ kB; \d+ kept$", dry.err.strip())
    assert sorted(store.glob("??/*")) == before
    result = csm("takes", "gc")
    assert result.out == dry.out
    assert not leftover.exists()
    engine.batches.clear()
    csm("render", book)
    assert engine.batches == []
    assert "0 takes removed" in csm("takes", "gc").err


def test_clearing_up_waits_for_renders(csm, book):
    from csm_cli.takes.place import in_use

    with in_use(Path(".csm/takes")):
        result = csm("takes", "gc")
    assert (result.code, "a render is using these takes" in result.err) == (1, True)
    assert csm("takes", "gc").code == 0


def test_takes_of_a_script_that_is_gone_are_cleared(csm, book):
    shutil.copy(book, "other.yaml")
    csm("render", "other.yaml")
    assert csm("takes", "list").code == 2, "which of the two is meant?"
    Path(book).unlink()
    assert "0 takes removed" in csm("takes", "gc").err, "the other uses the same"
    Path("other.yaml").unlink()
    assert "; 0 kept" in csm("takes", "gc").err


def test_a_lost_record_is_made_up_from_the_takes(csm, book):
    before = listed(csm, book)
    shutil.rmtree(".csm/takes/renders")
    Path(".csm/takes/index.json").write_text("nonsense")
    after = listed(csm, book)
    assert [each["takes"] for each in after] == [each["takes"] for each in before]


def test_a_take_is_played(csm, book, monkeypatch):
    from csm_cli.audio import sinks

    heard = []

    class Speaker:
        def __init__(self, rate):
            assert rate == RATE

        def write(self, audio):
            heard.append(audio.size)

        def close(self):
            heard.append("closed")

    monkeypatch.setattr(sinks, "open_loudspeaker", lambda rate, where: Speaker(rate))
    result = csm("takes", "play", "book.yaml:15")
    assert (result.code, result.out) == (0, "")
    assert "narrator: Nobody." in result.err
    assert heard == [round(row(csm, "Nobody.")["takes"][0]["seconds"] * RATE), "closed"]


def test_a_take_is_played_by_a_player_on_the_path(csm, book, tmp_path, monkeypatch):
    def install(text):
        program = tmp_path / "bin" / "aplay"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CSM_PLAYER", "aplay")
    install(f"exec cat > {shlex.quote(str(tmp_path / 'sound'))}")
    assert csm("takes", "play", "book.yaml:15").code == 0
    csm("takes", "play", "book.yaml:15", "-o", str(tmp_path / "take.wav"))
    assert (tmp_path / "sound").read_bytes() == (tmp_path / "take.wav").read_bytes()[44:]
    install("echo no device >&2; exit 1")
    result = csm("takes", "play", "book.yaml:15")
    assert result.code == 1
    error = result.err.splitlines()[-1]
    assert error.startswith("csm: error: csm takes play: aplay ended before the sound did (no device)")


def test_a_damaged_sidecar_and_its_sound_stay_and_are_named(csm, book):
    path = next(iter(sorted(Path(".csm/takes").glob("??/*.json"))))
    path.write_text(path.read_text().replace('"schema"', '"Schema"'))
    stem = path.name.removesuffix(".json")
    there = sorted(each.name for each in path.parent.glob(f"{stem}.*"))
    result = csm("takes", "gc")
    assert f"{path}: is damaged" in result.err
    assert sorted(each.name for each in path.parent.glob(f"{stem}.*")) == there != []


def test_an_index_that_forgets_a_pin_costs_no_take(csm, book):
    csm("takes", "reroll", "book.yaml:15", "-n", 2)
    shown = json.loads(csm("takes", "show", "book.yaml:15", "--json").out)[0]["takes"]
    idle = next(take["name"] for take in shown if not take["in_use"])
    csm("takes", "pin", "book.yaml:15", idle)
    csm("takes", "unpin", "book.yaml:15")
    csm("takes", "pin", "book.yaml:15", idle)
    path = Path(".csm/takes/index.json")
    takes = json.loads(path.read_text())["takes"] if path.exists() else {}
    for _, _, row in takes.values():
        row[Row.__slots__.index("pins")], row[Row.__slots__.index("chosen")] = [], {}
    path.write_bytes(with_hash(json.dumps(takes).encode()))
    csm("takes", "gc")
    after = json.loads(csm("takes", "show", "book.yaml:15", "--json").out)[0]["takes"]
    assert idle in [take["name"] for take in after if take["pinned"]]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"schema": 1, "script": "book.yaml", "clips": {"a.wav": 3}}',
        '{"schema": 1, "script": "book.yaml"}',
    ],
)
def test_a_list_of_clips_that_is_none_is_one_line(csm, book, text):
    csm("takes", "export", "-o", "clips")
    Path("clips/clips.json").write_text(text)
    result = csm("takes", "import-edits", "clips")
    assert (result.code, "clips.json: is damaged (" in result.err) == (2, True)
    assert len(result.err.strip().splitlines()) == 1


def test_a_broken_lexicon_stops_nothing_that_speaks_nothing(csm, book, tmp_path, own_home):
    before = listed(csm)
    other = Path(book).with_name("other.yaml")
    shutil.copy(book, other)
    (own_home / "csm").mkdir(exist_ok=True)
    (own_home / "csm" / "lexicon.yaml").write_text('Hi: "\n')
    line = f"{book}:{before[0]['source'].rpartition(':')[2]}"
    warning = "lexicon.yaml:1:5: warning: "
    for words in (
        ("list", book),
        ("show", line),
        ("play", line, "-o", "a.wav"),
        ("export", book, "-o", "clips"),
        ("pin", line),
        ("unpin", line),
    ):
        result = csm("takes", *words)
        assert (result.code, result.err.count(warning)) == (0, 1), words
    assert [each["state"] for each in listed(csm, book)] == [each["state"] for each in before]
    both = csm("master", book, str(other))
    assert both.err.count(warning) == 1 and both.err.count("has no take yet") == 1
    for words in (("takes", "reroll", line), ("takes", "import", line, "a.wav"), ("render", book)):
        assert csm(*words).code == 3, words
