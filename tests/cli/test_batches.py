"""Several scripts in one command, and what a script needs beside its words: what is said, what goes on."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.audio.files import write_wav
from csm_cli.checkpoints.card import languages_of
from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.cli.progress import PlainProgress
from csm_cli.core.errors import CsmError
from csm_cli.lint.needs import language_fault
from csm_cli.rendering.assemble import BookAssembler
from csm_cli.rendering.batch import read_batch
from csm_cli.rendering.line import SpokenLine
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import plan_jobs, read_jobs
from csm_cli.script import read_screenplay
from tests.voices.sounds import TEXT, speech, written

GOOD = (
    "title: {0}\nchapters:\n- title: One\n  lines: [narrator: The boat came in.]\n"
    "- lines: [narrator: It left.]\n"
)
BAD = "lines:\n- Anna: [1\n"


@pytest.fixture
def scripts(csm):
    Path("a.yaml").write_text(GOOD.format("A"))
    Path("bad.yaml").write_text(BAD)
    Path("c.md").write_text("# C\n\nA short line.\n")
    return ["a.yaml", "bad.yaml", "c.md"]


def test_good_scripts_are_rendered_beside_a_bad_one(csm, engine, scripts):
    result = csm("render", *scripts)
    assert result.code == 3
    assert result.err.startswith("bad.yaml:2:9: error: not valid YAML")
    assert result.err.endswith("csm: error: not rendered: bad.yaml\n")
    assert {"a/01-one.wav", "a/02-a-2.wav", "c/01-c.wav"} & set(result.out.split()) >= {
        "a/01-one.wav",
        "c/01-c.wav",
    }
    assert not Path("bad").exists()


def test_with_stop_nothing_is_rendered(csm, engine, scripts):
    result = csm("render", *scripts, "--stop")
    assert (result.code, result.out) == (3, "")
    assert "csm: error: nothing was done, because of: bad.yaml" in result.err
    assert engine.asked == []
    assert csm("render", "a.yaml", "c.md", "--stop").code == 0


def test_a_plan_shows_the_good_scripts(csm, engine, scripts):
    result = csm("render", *scripts, "--dry-run")
    assert result.code == 3
    assert [row for row in result.out.splitlines() if "->" in row] == ["a.yaml -> a", "c.md -> c"]
    assert "csm: error: not in this plan: bad.yaml" in result.err


@pytest.mark.parametrize(
    ("text", "code", "fault"),
    [
        (BAD, 3, "x.yaml:2:9: error: not valid YAML"),
        ("voices: {narrator: nobody}\nlines: [narrator: Hi.]\n", 4, 'no voice named "nobody"'),
        ("lines: [narrator: Hi., sound: x.wav]\n", 3, 'error: the sound "x.wav" is not audio'),
        ("cover: x.wav.jpg\nlines: [narrator: Hi.]\n", 3, 'error: the cover "x.wav.jpg" is not there'),
        ("title: a file\nlines: [narrator: Hi.]\n", 2, "x: is a file; name a folder for the chapters"),
        ("speed: 1.9\nlines: [narrator: Hi.]\n", 3, "times 1.5 (--speed) is 2.85"),
        (None, 4, "x.yaml: no such file"),
    ],
)
def test_one_script_of_any_fault_is_told_and_the_other_is_rendered(csm, engine, scripts, text, code, fault):
    Path("x.wav").write_text("no sound")
    if text is not None:
        Path("x.yaml").write_text(text)
    if code == 2:
        Path("x").touch()
    result = csm("render", "x.yaml", "c.md", "--speed", 1.5)
    assert result.code == code
    assert fault.replace('"', "'") in result.err.replace('"', "'"), result.err
    assert "c/01-c.wav" in result.out.split()
    assert result.err.endswith("csm: error: not rendered: x.yaml\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["good", "bad", "voiceless", "gone", "folder", "table"]), max_size=6))
def test_whatever_is_beside_them_the_good_ones_are_read(csm, tmp_path_factory, kinds):
    folder = tmp_path_factory.mktemp("mixed")
    texts = {
        "good": GOOD.format("A"),
        "bad": BAD,
        "voiceless": "lines: [Anna: Hi.]\nvoices: {Anna: nobody}\n",
        "table": "a,b",
    }
    paths = []
    for number, kind in enumerate(kinds):
        path = folder / f"{kind}{number}{'.csv' if kind == 'table' else '.yaml'}"
        if kind == "folder":
            path.mkdir()
        elif kind != "gone":
            path.write_text(texts[kind])
        paths.append(path)
    batch = read_batch(paths, RenderOptions())
    assert [Path(job.screenplay.path) for job in batch.jobs] == [
        p for p in paths if p.name.startswith("good")
    ]
    assert list(batch.faults) == [path for path in paths if not path.name.startswith("good")]
    for path, fault in batch.faults.items():
        assert str(path) in str(fault)
        assert fault.exit_code == {"gone": 4, "voiceless": 4, "folder": 2}.get(path.stem[:-1], 3)


def test_a_voice_whose_clip_is_damaged_stops_its_own_script_alone(csm, engine, scripts):
    written(Path("clip.wav"), speech())
    assert csm("voices", "add", "me", "clip.wav", "--text", TEXT, "--project", "--yes").code == 0
    (clip,) = Path("voices/me").glob("*.wav")
    clip.write_bytes(b"no sound")
    Path("mine.yaml").write_text("voices: {narrator: me}\nlines: [narrator: Hi.]\n")
    result = csm("render", "mine.yaml", "c.md")
    assert result.code == 2 and "is not audio, or is damaged" in result.err
    assert "c/01-c.wav" in result.out.split() and result.err.endswith("not rendered: mine.yaml\n")


def test_a_bad_script_alone_is_reported_as_ever(csm, engine, scripts):
    result = csm("render", "bad.yaml")
    assert result.code == 3
    assert result.err.splitlines()[1:] == ["csm: error: 1 problem in the script"]


def test_master_goes_on_beside_scripts_without_takes(csm, engine, scripts):
    csm("render", "c.md")
    result = csm("master", *scripts)
    assert result.code == 3
    assert "a.yaml:4:21: the line has no take yet" in result.err
    assert "c/01-c.wav" in result.out.split()
    assert result.err.endswith("csm: error: not made: bad.yaml, a.yaml\n")


def test_lint_and_its_spoken_forms_go_on(csm, scripts):
    result = csm("lint", "--spoken", "nix.md", *scripts)
    assert result.code == 3
    assert [row.split(":")[0] for row in result.out.splitlines()] == ["a.yaml", "a.yaml", "c.md"]
    assert "csm: error: nix.md: no such file" in result.err
    assert csm("lint", "nix.md", "c.md").code == 4
    assert csm("lint", "nix.md", "bad.yaml").code == 3


def test_folders_and_missing_files_have_no_place(csm, engine, scripts):
    for command in ("render", "lint", "cast", "import", "master"):
        folder, missing = csm(command, "."), csm(command, "A.yml")
        assert (folder.code, missing.code) == (2, 4), command
        assert "csm: error: .: this is a folder; name a script in it, such as a.yaml" in folder.err
        assert 'csm: error: A.yml: no such file; did you mean "a.yaml"?' in missing.err
        assert ":1:1" not in folder.out + folder.err + missing.out + missing.err


def test_progress_names_the_scripts_and_keeps_the_order_of_chapters(csm, engine, scripts, capfd):
    options = RenderOptions()
    jobs = read_jobs([Path("a.yaml"), Path("c.md")], options)
    one, two, other = [chain for plan in plan_jobs(jobs, options) for chain in plan.chains]
    progress = PlainProgress()
    progress.start([one, two, other])
    progress.chapter(two, 1.0, [])
    progress.chapter(other, 1.0, [])
    assert "a.yaml" not in (told := capfd.readouterr().err) and "csm: c.md: chapter 1 'C'" in told
    progress.chapter(one, 1.0, [])
    assert [row.split(",")[0] for row in capfd.readouterr().err.splitlines()] == [
        "csm: a.yaml: chapter 1 'One': 1 line",
        "csm: a.yaml: chapter 2 'Chapter 2': 1 line",
    ]
    stopped = PlainProgress()
    stopped.start([one, two])
    stopped.chapter(two, 1.0, [])
    stopped.close()
    assert "csm: chapter 2" in capfd.readouterr().err, "what is finished is told, though the first is not"


def model(folder, card="", **config):
    folder.mkdir()
    (folder / "README.md").write_text(card)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_languages_of_models(tmp_path):
    assert languages_of("sesame/csm-1b") == ("en",)
    assert languages_of(DEMO_CHECKPOINT) == ("en",)
    assert languages_of(tmp_path / "models--sesame--csm-1b" / "snapshots" / "1") == ("en",)
    assert languages_of("somebody/csm-1b-finnish") == ()
    assert languages_of(model(tmp_path / "a", "---\nlanguage:\n- fi\n- sv\n---\n# A model\n")) == ("fi", "sv")
    assert languages_of(model(tmp_path / "b", "---\nlanguage: de\n---\n", languages=["nl"])) == ("nl",)
    assert languages_of(model(tmp_path / "c", "---\nlanguage: multilingual\n---\n")) == ()
    assert languages_of(model(tmp_path / "d", "# A model\n---\nlanguage: de\n---\n")) == ()
    assert languages_of(model(tmp_path / "e", "---\nlanguage: [\n---\n")) == ()
    assert languages_of("no name / of a repository") == ()


@pytest.mark.parametrize(
    ("language", "spoken", "fits"),
    [
        ("en", ["en"], True),
        ("en-GB", ["en"], True),
        ("EN", ["en_US"], True),
        ("fr", ["en"], False),
        ("fr", [], True),
        ("fr", ["en", "fr"], True),
        ("eng", ["en"], True),
        ("pt-BR", ["english"], False),
    ],
)
def test_a_language_fits_the_model(csm, language, spoken, fits):
    Path("l.yaml").write_text(f"language: {language}\nlines: [narrator: Hi.]\n")
    assert (language_fault(read_screenplay("l.yaml"), spoken) == "") is fits


def test_a_language_that_the_model_does_not_speak_is_told_once(csm, engine):
    Path("f.md").write_text("---\nlanguage: fr\n---\n\nBonjour.\n\nJe suis ici.\n")
    Path("c.md").write_text("Hello.\n")
    told = "f.md: warning: the language is fr, and the model speaks en only; choose another --model"
    result = csm("render", "f.md", "c.md", "--model", "demo")
    assert result.code == 0 and result.err.count("warning") == 1
    assert f"csm: {told}" in result.err
    strict = csm("render", "f.md", "c.md", "--model", "demo", "--strict")
    assert strict.code == 3 and told.replace("warning", "error") in strict.err
    assert "c/01-c.wav" in strict.out.split() and "f/01-f.wav" not in strict.out.split()
    assert "f.md:1:1: warning: the language is fr" in csm("lint", "f.md", "--model", "sesame/csm-1b").out
    assert csm("lint", "f.md", "--model", "demo", "--strict").code == 3
    assert "the language is" not in csm("lint", "f.md").out


def test_sounds_are_looked_at_before_anything_is_spoken(csm):
    write_wav("good.wav", np.zeros(2400, dtype=np.float32))
    Path("empty.wav").touch()
    Path("s.yaml").write_text(
        "lines:\n- narrator: Hi.\n- sound: good.wav\n- sound: empty.wav\n- bed: empty.wav\n"
    )
    batch = read_batch([Path("s.yaml")], RenderOptions())
    assert not batch.jobs
    with pytest.raises(CsmError, match=r's\.yaml:4:\d+: error: the sound "empty\.wav" is empty'):
        batch.check()
    linted = csm("lint", "s.yaml")
    assert 's.yaml:4:10: note: the sound "empty.wav" is empty' in linted.out
    assert linted.code == 0, "the script is right; the file may still come"


def test_the_cast_of_several_scripts(csm, scripts):
    result = csm("cast", *scripts)
    assert result.code == 3
    assert [row for row in result.out.splitlines() if row.endswith(":")] == ["a.yaml:", "c.md:"]
    assert "a.yaml: 2 chapters, 2 lines, 6 words" in result.err and "bad.yaml:2:9: error:" in result.err
    listed = json.loads(csm("cast", *scripts, "--json").out)
    assert [(row["script"], row["lines"]) for row in listed] == [("a.yaml", 2), ("c.md", 1)]
    assigned = csm("cast", "a.yaml", "c.md", "--assign").out
    assert assigned.splitlines()[:2] == ["# a.yaml", "voices:"] and "# c.md" in assigned
    alone = csm("cast", "a.yaml")
    assert alone.out.startswith("character") and alone.err.startswith("csm: 2 chapters")
    assert "script" not in json.loads(csm("cast", "a.yaml", "--json").out)[0]
    assert csm("cast", "bad.yaml", "--json").out == ""


class TestFaultsWhileRendering:
    """What only appears when files are written: one script of three has it."""

    @pytest.fixture
    def three(self, csm):
        names = []
        for name in ("a", "b", "c"):
            Path(name).mkdir()
            Path(name, f"{name}.yaml").write_text(GOOD.format(name.upper()))
            names.append(f"{name}/{name}.yaml")
        return names

    def goes_on(self, csm, three, fault, *options):
        result = csm("render", *three, "-o", "out", *options)
        assert result.code == 1, result.err
        assert result.err.count(fault) == 1, result.err
        assert result.err.endswith("csm: error: not rendered to the end: b/b.yaml\n")
        made = set(result.out.split())
        for name in ("a", "c"):
            whole = {f"out/{name}/{file}" for file in ("01-one.wav", "timeline.json", "report.json")}
            assert whole <= made
            told = json.loads(Path(f"out/{name}/timeline.json").read_text())["chapters"]
            assert [each["title"] for each in told] == ["One", "Chapter 2"]
        return made

    @pytest.mark.parametrize("batch", [1, 4])
    def test_a_folder_that_cannot_be_made(self, csm, engine, three, batch):
        Path("out").mkdir()
        Path("out/b").symlink_to("/nonexistent/folder")
        made = self.goes_on(csm, three, "csm: error: out/b: cannot be written", "--batch", batch)
        assert not [path for path in made if path.startswith("out/b")]

    def test_takes_that_cannot_be_kept(self, csm, engine, three):
        Path("b/.csm").write_text("a file")
        self.goes_on(csm, three, "csm: error: b/.csm/takes: takes cannot be kept here")

    @pytest.mark.parametrize("batch", [1, 2, 6])
    def test_takes_that_can_be_kept_no_more(self, csm, engine, three, batch):
        takes = Path("b/.csm/takes")
        takes.mkdir(parents=True)
        signs = "0123456789abcdefghijklmnopqrstuvwxyz"
        for shard in (first + second for first in signs for second in signs):
            (takes / shard).touch()
        self.goes_on(csm, three, "cannot be written", "--batch", batch)

    @pytest.mark.parametrize("place", ["01-one.wav", "02-chapter-2.wav", "timeline.json", "report.json"])
    def test_a_file_that_cannot_be_written(self, csm, engine, three, place):
        Path("out/b", place).mkdir(parents=True)
        made = self.goes_on(csm, three, f"csm: error: out/b/{place}: cannot be written")
        assert ("out/b/02-chapter-2.wav" in made) is (place != "02-chapter-2.wav")
        assert (f"out/b/{place}" in made) is False

    @pytest.mark.parametrize("place", ["01-one.wav", "timeline.json"])
    def test_files_made_again(self, csm, engine, three, place):
        assert csm("render", *three).code == 0
        Path("out/b", place).mkdir(parents=True)
        result = csm("master", *three, "-o", "out")
        assert result.code == 1
        assert result.err.count(f"csm: error: out/b/{place}: cannot be written") == 1
        assert result.err.endswith("csm: error: not made: b/b.yaml\n")
        assert {"out/a/timeline.json", "out/c/02-chapter-2.wav"} <= set(result.out.split())

    def test_a_damaged_lock(self, csm, engine, three):
        Path("b/csm.lock").write_text("schema: [")
        self.goes_on(csm, three, "csm: error: b/csm.lock: cannot be read")

    def test_takes_that_would_differ_from_the_lock(self, csm, engine, three):
        assert csm("render", *three, "-o", "out").code == 0
        lock = Path("b/csm.lock")
        lock.write_text(lock.read_text().replace("seed: 0", "seed: 5"))
        result = csm("render", *three, "-o", "out", "--locked")
        assert result.code == 2
        assert "takes would come out differently: seed: was 5, is 0" in result.err
        assert result.err.endswith("csm: error: not rendered to the end: b/b.yaml\n")
        assert {"out/a/01-one.wav", "out/c/01-one.wav"} <= set(result.out.split())

    def test_a_script_that_cannot_be_read_counts_first(self, csm, engine, three):
        Path("b/.csm").write_text("a file")
        Path("bad.yaml").write_text(BAD)
        result = csm("render", "bad.yaml", *three, "-o", "out")
        assert result.code == 3
        assert result.err.endswith("not rendered to the end: b/b.yaml\ncsm: error: not rendered: bad.yaml\n")

    def test_takes_of_all_are_told_once(self, csm, engine, three):
        Path("takes").write_text("a file")
        result = csm("render", *three, "--takes", "takes")
        assert result.code == 1
        assert result.err.count("takes cannot be kept here") == 1
        assert "0 lines" not in result.err
        assert engine.asked == []
        assert result.err.endswith("not rendered to the end: a/a.yaml, b/b.yaml, c/c.yaml\n")

    def test_a_full_disk_ends_all(self, csm, engine, three, monkeypatch):
        real = BookAssembler.record

        def record(book, lines):
            if book.plan.script == "b.yaml":
                raise OSError(errno.ENOSPC, "No space left on device", "out/b/x")
            real(book, lines)

        monkeypatch.setattr(BookAssembler, "record", record)
        result = csm("render", *three, "-o", "out", "--batch", 1)
        assert result.code == 1
        assert result.err.count("No space left on device") == 1
        assert not Path("out/c").exists()

    def test_what_is_left_out_counts_no_more(self, csm, three):
        shown = PlainProgress()
        options = RenderOptions(output=Path("out"))
        plans = plan_jobs(read_jobs([Path(name) for name in three], options), options)
        shown.start([chain for plan in plans for chain in plan.chains])
        assert shown.summary().startswith("0/6 lines")
        spoken = plans[1].chains[0].lines[0]
        shown.line(SpokenLine(spoken, None))
        shown.left_out("b/b.yaml")
        assert "1/5 lines" in shown.summary()
        others = [chain.characters for plan in (plans[0], plans[2]) for chain in plan.chains]
        assert shown.characters == sum(others) + spoken.characters


def test_a_new_take_goes_where_the_files_are(csm, engine, scripts):
    assert csm("render", "c.md", "-o", "my files", "--format", "mp3", "--with", "srt").code == 0
    said = csm("takes", "reroll", "c.md:3").err.splitlines()
    assert said[-2:] == [
        "csm: to put it into the files:",
        "  csm render c.md -o 'my files' --format mp3 --with srt",
    ]
