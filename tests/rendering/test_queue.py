"""A watched folder: what is put there is rendered and moved, whatever happens in between."""

import os
from pathlib import Path

import pytest

from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import data_dir
from csm_cli.rendering.queue import DEATHS, serve_queue
from tests.cluster.books import HEAD

SCRIPT = HEAD.format(book=0) + "  - title: One\n    lines:\n      - narrator: LINE.\n"


class Died(BaseException):
    """The process is gone."""


class Press:
    """Writes a file for each script; may die or complain."""

    def __init__(self, at=lambda scripts: None):
        self.calls, self.at = [], at

    def __call__(self, scripts, folders):
        self.calls.append(sorted(script.name for script in scripts))
        self.at(scripts)
        for script, folder in zip(scripts, folders, strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "01.wav").write_text(script.read_text())
        return 0


@pytest.fixture
def folder(tmp_path, voices, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "queue"
    place.mkdir()
    return place


def put(folder, *names, line="A line"):
    for name in names:
        (folder / name).write_text(SCRIPT.replace("LINE", line))


def serve(folder, press, notes=None):
    return serve_queue(folder, press, (notes if notes is not None else []).append, once=True, poll=0.01)


def tree(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and ".csm" not in path.parts
    )


def test_scripts_move_with_their_results(folder):
    put(folder, "a.yaml", "b.yaml", ".hidden.yaml")
    (folder / "notes.pdf").touch()
    press = Press()
    assert serve(folder, press) == 0
    assert press.calls == [["a.yaml", "b.yaml"]], "together, so that the model is loaded once"
    done = ["done/a/01.wav", "done/a/a.yaml", "done/b/01.wav", "done/b/b.yaml"]
    assert tree(folder) == [".hidden.yaml", *done, "notes.pdf"]
    put(folder, "a.yaml", line="Another line")
    serve(folder, press)
    assert "Another line" in (folder / "done" / "a-2" / "01.wav").read_text()
    assert "A line" in (folder / "done" / "a" / "01.wav").read_text()


def test_a_faulty_script_holds_nobody_up(folder):
    put(folder, "good.yaml", "bad.yaml")
    (folder / "broken.yaml").write_text("voices: {x: nobody}\nchapters: 7\n")

    def at(scripts):
        if any(script.name == "bad.yaml" for script in scripts):
            raise CsmError("a sound is damaged", where="rain.wav")

    notes = []
    assert serve(folder, Press(at), notes) == 2
    assert tree(folder) == [
        "done/good/01.wav",
        "done/good/good.yaml",
        "failed/bad/bad.yaml",
        "failed/bad/error.txt",
        "failed/broken/broken.yaml",
        "failed/broken/error.txt",
    ]
    assert (folder / "failed" / "bad" / "error.txt").read_text() == "rain.wav: a sound is damaged\n"
    assert "broken.yaml" in (folder / "failed" / "broken" / "error.txt").read_text()


def test_what_concerns_the_command_ends_it_and_leaves_the_scripts(folder):
    put(folder, "a.yaml", "b.yaml")

    def at(scripts):
        raise MissingError("no such model", where="--model x")

    with pytest.raises(MissingError, match="no such model"):
        serve(folder, Press(at))
    assert tree(folder) == ["a.yaml", "b.yaml"]
    assert serve(folder, Press()) == 0
    assert "done/b/b.yaml" in tree(folder)


def test_a_script_that_kills_the_process_is_set_aside_and_the_others_are_rendered(folder):
    put(folder, "good.yaml", "deadly.yaml")

    def at(scripts):
        if any(script.name == "deadly.yaml" for script in scripts):
            raise Died

    deaths = 0
    while True:
        try:
            failed = serve(folder, Press(at))
        except Died:
            deaths += 1
            assert deaths < 10
        else:
            break
    assert (failed, deaths) == (1, DEATHS + 1), "once together, three times alone"
    assert "died" in (folder / "failed" / "deadly" / "error.txt").read_text()
    assert "done/good/good.yaml" in tree(folder)


@pytest.mark.parametrize("moment", range(4))
def test_killed_while_it_moves_things_it_goes_on(folder, monkeypatch, moment):
    """Dies before each of the steps that move a script and its results."""
    put(folder, "a.yaml")
    steps = iter(range(100))

    def dying(method):
        def step(self, *arguments, **options):
            if ".csm" not in self.parts and next(steps) == moment:
                raise Died
            return method(self, *arguments, **options)

        return step

    with monkeypatch.context() as patch, pytest.raises(Died):
        real = {name: getattr(Path, name) for name in ("replace", "unlink")}

        def at(scripts):
            for name, method in real.items():
                patch.setattr(Path, name, dying(method))
            if moment == 3:
                raise Died

        serve(folder, Press(at))
    serve(folder, Press())
    assert [each for each in tree(folder) if not each.endswith(".whole")] == [
        "done/a/01.wav",
        "done/a/a.yaml",
    ]


def test_a_script_that_changes_while_it_is_rendered_is_rendered_again(folder):
    put(folder, "a.yaml")

    def at(scripts):
        if len(press.calls) == 1:
            put(folder, "a.yaml", line="A line, and something longer")

    press = Press(at)
    serve(folder, press)
    assert len(press.calls) == 2
    assert "something longer" in (folder / "done" / "a" / "01.wav").read_text()


def test_one_process_serves_a_folder(folder):
    put(folder, "a.yaml")

    def at(scripts):
        with pytest.raises(CsmError, match="another csm is at work"):
            serve(folder, Press())

    serve(folder, Press(at))
    with pytest.raises(UsageError, match="is no folder"):
        serve(folder / "nowhere", Press())


# One bad script, whatever is wrong with it, stops nobody.


@pytest.mark.parametrize(
    "fault",
    [
        UsageError("is not audio, or is damaged", where="queue/rain.wav"),
        UsageError("is no cover", where="queue/c.png"),
        MissingError("no such voice", where="queue/bad.yaml:3:5"),
        MissingError("no tool for this"),
        UsageError("there is no chapter 5", where="--chapters"),
        IndexError("string index out of range"),
        RecursionError("too deep"),
        MemoryError(),
        PermissionError(13, "Permission denied", "queue/.csm/takes/renders/.bad.yaml.lock"),
        OSError(27, "File too large", "queue/x"),
        UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"),
    ],
    ids=lambda fault: f"{type(fault).__name__} {fault}"[:40],
)
def test_whatever_a_rendering_raises_fails_its_script_alone(folder, fault):
    def at(scripts):
        if any(script.name == "bad.yaml" for script in scripts):
            raise fault

    put(folder, "a.yaml", "bad.yaml", "c.yaml")
    assert serve(folder, Press(at)) == 1
    done = [f"done/{name}/{file}" for name in "ac" for file in ("01.wav", f"{name}.yaml")]
    assert tree(folder) == [*done, "failed/bad/bad.yaml", "failed/bad/error.txt"]
    reason = (folder / "failed" / "bad" / "error.txt").read_text()
    assert reason.count("\n") == 1 and len(reason) > 5


@pytest.mark.parametrize("where", ["queue/rain.wav", "queue/bad.yaml:3:4", "VOICES/x/a.wav", "--chapters"])
def test_a_script_whose_own_file_is_bad_fails_though_nothing_else_waits(folder, where):
    put(folder, "bad.yaml")

    def at(scripts):
        raise MissingError("is damaged", where=where.replace("VOICES", str(data_dir() / "voices")))

    assert serve(folder, Press(at)) == 1
    assert "failed/bad/bad.yaml" in tree(folder)


def test_a_full_disk_ends_the_queue_and_fails_no_script(folder):
    put(folder, "a.yaml", "b.yaml")

    def at(scripts):
        try:
            raise OSError(28, "No space left on device", "queue/working/a/01.wav")
        except OSError as error:
            raise CsmError("cannot be written (No space left on device)", where="x") from error

    with pytest.raises(CsmError, match="No space left"):
        serve(folder, Press(at))
    assert tree(folder) == ["a.yaml", "b.yaml"]


def test_names_of_any_kind_pass_through(folder):
    names = ["--help.yaml", "\x1b[31m\nx.yaml", "é" * 125 + ".yaml", "a b'c.yaml"]
    put(folder, *names)
    notes = []
    assert serve(folder, Press(), notes) == 0
    assert {path for path in tree(folder) if path.endswith(".yaml")} == {
        f"done/{name[:-5]}/{name}" for name in names
    }
    put(folder, names[2])
    assert serve(folder, Press()) == 0
    assert len(list((folder / "done").iterdir())) == len(names) + 1


def test_the_reason_beside_a_script_holds_nothing_that_a_screen_obeys(folder):
    put(folder, "a.yaml", "b.yaml")

    def at(scripts):
        if any(script.name == "a.yaml" for script in scripts):
            raise CsmError("is bad", where="\x1b]0;pwn\x07.wav")

    assert serve(folder, Press(at)) == 1
    assert (folder / "failed" / "a" / "error.txt").read_text() == "\\x1b]0;pwn\\x07.wav: is bad\n"


def test_a_script_that_cannot_be_moved_is_left_alone_and_said_once(folder, monkeypatch):
    put(folder, "a.yaml", "b.yaml")
    real = Path.replace

    def replace(self, target):
        if self.name == "a.yaml":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    notes = []
    serve(folder, press := Press(), notes)
    assert "done/b/b.yaml" in tree(folder) and "a.yaml" in tree(folder)
    assert sum("a.yaml: cannot be moved (Permission denied)" in note for note in notes) == 1
    assert press.calls == [["a.yaml", "b.yaml"]]


def test_a_file_in_the_place_of_a_folder_is_named_first(folder):
    put(folder, "a.yaml")
    (folder / "failed").touch()
    with pytest.raises(UsageError, match=r"failed: is no folder"):
        serve(folder, Press())


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_links_and_special_files_fail_and_the_others_go_on(folder, tmp_path):
    put(folder, "good.yaml")
    put(tmp_path, "outside.yaml", line="Secret")
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "inner.yaml").symlink_to("good.yaml")
    (folder / "secret.txt").symlink_to(tmp_path / "outside.yaml")
    (folder / "zero.md").symlink_to("/dev/zero")
    (folder / "lost.md").symlink_to("nothing")
    os.mkfifo(folder / "pipe.md")
    press, notes = Press(), []
    assert serve(folder, press, notes) == 6
    assert press.calls == [["good.yaml"]]
    for name in ("link", "inner", "secret", "zero", "lost"):
        (error,) = (folder / "failed" / name).glob("error.txt")
        link = "cannot be read: it is a link, or in a folder that is one"
        assert ("leads to no file" if name == "lost" else link) in error.read_text()
    assert "it is a pipe, not an ordinary file" in (folder / "failed" / "pipe" / "error.txt").read_text()
    assert (tmp_path / "outside.yaml").is_file() and (folder / "done" / "good" / "good.yaml").is_file()


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_sounds_of_a_watched_folder_are_files_in_it(folder, tmp_path, kind):
    (folder / "sounds").mkdir()
    (folder / "sounds" / "own.wav").write_bytes(b"RIFF")
    if kind == "link":
        (folder / "s.wav").symlink_to("sounds/own.wav")
    elif kind == "pipe":
        os.mkfifo(folder / "s.wav")
    else:
        (folder / "s").symlink_to("sounds")
    name = "s/own.wav" if kind == "folder" else "s.wav"
    (folder / "a.yaml").write_text(SCRIPT.replace("LINE.", "Words.") + f"      - sound: {name}\n")
    (folder / "b.yaml").write_text(SCRIPT.replace("LINE.", "Words.") + "      - sound: sounds/own.wav\n")
    press = Press()
    assert serve(folder, press) == 1 and press.calls == [["b.yaml"]]
    error = (folder / "failed" / "a" / "error.txt").read_text()
    assert ("it is a pipe" if kind == "pipe" else "it is a link") in error and f'"{name}"' in error


def test_a_broken_lexicon_of_the_user_is_named_and_fails_no_script(folder, monkeypatch):
    put(folder, "a.yaml", "b.yaml")
    data_dir().mkdir(parents=True, exist_ok=True)
    lexicon = data_dir() / "lexicon.yaml"
    lexicon.write_text('Hi: "\n')
    with pytest.raises(UsageError, match=r"lexicon.yaml:1:5: .*; mend it") as caught:
        serve(folder, Press())
    assert "error" not in str(caught.value)
    assert tree(folder) == ["a.yaml", "b.yaml"]
    lexicon.unlink()
    notes, naps = [], []

    def nap(seconds):  # the folder is looked at again and again
        naps.append(seconds)
        if len(naps) == 3:
            lexicon.write_text('Hi: "\n')
            put(folder, "c.yaml")
        if len(naps) == 9:
            lexicon.unlink()
        if len(naps) > 30:
            raise KeyboardInterrupt

    monkeypatch.setattr("csm_cli.rendering.queue.time.sleep", nap)
    with pytest.raises(KeyboardInterrupt):
        serve_queue(folder, Press(), notes.append, poll=0)
    assert sum("lexicon.yaml:1:5" in note for note in notes) == 1
    assert {"done/a/a.yaml", "done/b/b.yaml", "done/c/c.yaml"} <= set(tree(folder))
