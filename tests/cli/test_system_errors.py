"""What the system refuses: one line with file and reason; nothing is spoken for what cannot be written."""

import errno
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from csm_cli.core.errors import CsmError, causes, is_full, of_system, unwritten
from csm_cli.core.files import MAX_NAME_BYTES, alone, check_name, disk_errors, short_name, written
from csm_cli.web.errors import api_error

resource = pytest.importorskip("resource")

LONG = "é" * 128
TEXT = "title: A book\nvoices: {narrator: ann}\nlines:\n  - narrator: Hello there.\n"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "ulimit -n"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "a place that can be written"),
        (errno.ENAMETOOLONG, "shorter name"),
        (errno.ELOOP, "symbolic link"),
        (errno.EISDIR, "a file is needed"),
        (errno.ENOENT, "check the path"),
    ],
)
def test_each_reason_has_its_remedy(number, remedy):
    found = of_system(OSError(number, os.strerror(number), "some/file"))
    assert found is not None
    assert str(found).startswith(f"some/file: cannot be used ({os.strerror(number)}); ")
    assert remedy in str(found)
    assert remedy in str(unwritten(OSError(number, os.strerror(number)), "other/file"))


def test_what_no_user_causes_stays_an_internal_error():
    assert of_system(OSError(errno.EBADF, "Bad file descriptor")) is None
    assert of_system(OSError(errno.ECHILD, "No child processes", "x")) is None


def test_a_file_where_a_folder_is_needed_is_named(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    in_the_way = pytest.raises(CsmError, match=rf"check the folder.*{tmp_path}/file is a file")
    with in_the_way, written(tmp_path / "file" / "below" / "a.txt"):
        pass
    round_and_round = pytest.raises(CsmError, match=r"loop is a symbolic link that leads nowhere|to itself")
    with round_and_round, written(tmp_path / "loop" / "a.txt"):
        pass


def test_an_error_names_the_file_that_it_is_about(tmp_path):
    other = pytest.raises(
        CsmError, match=rf"^{tmp_path}/absent: cannot be used \(No such file or directory\)"
    )
    with other, disk_errors(tmp_path / "out.wav"):
        (tmp_path / "absent").read_bytes()
    own = pytest.raises(CsmError, match=rf"^{tmp_path}/out.txt: cannot be written")
    with own, written(tmp_path / "out.txt") as temporary:
        temporary.mkdir()
        temporary.write_text("x")


def test_a_folder_in_the_place_of_a_file_is_named(csm, voices, engine):
    Path("a.yaml").write_text(TEXT)
    for place in ("a/01-a-book.wav", "a/timeline.json", "a/report.html"):
        Path(place).mkdir(parents=True)
        done = csm("render", "a.yaml")
        assert done.code == 1
        said = (
            f"csm: error: {place}: cannot be written (Is a directory); it is a folder, and a file is needed"
        )
        assert said in done.err
        Path(place).rmdir()


def test_what_goes_wrong_under_a_lock_is_no_fault_of_the_lock(tmp_path):
    with pytest.raises(FileNotFoundError), alone(tmp_path, "name"):
        (tmp_path / "absent").read_bytes()
    with pytest.raises(CsmError, match="other"), alone(tmp_path, "name"):
        raise CsmError("other")
    with alone(tmp_path, "name", patience=0):
        pass
    (tmp_path / ".taken.lock").mkdir()
    taken = pytest.raises(CsmError, match=r"\.taken\.lock: cannot be written \(Is a directory\)")
    with taken, alone(tmp_path, "taken"):
        pass
    with alone(tmp_path, LONG), alone(tmp_path, LONG + "x"):
        pass


def test_names_are_cut_between_characters_and_stay_apart():
    assert short_name("a", ".json") == "a.json"
    first, second = short_name(LONG, ".json"), short_name(LONG + "x", ".json")
    assert first != second
    for name in (first, second, short_name("\udcff" * 300, "-2")):
        assert len(os.fsencode(name)) <= MAX_NAME_BYTES
        name.encode()
    with pytest.raises(CsmError, match="has a name of 256 bytes; 255 are the most"):
        check_name(Path("a") / LONG / "b")
    assert check_name(Path("é" * 127)) == Path("é" * 127)


def test_a_full_disk_is_known_through_other_errors():
    error = ValueError("Error while serializing: No space left on device (os error 28)")
    assert is_full(error)
    assert not is_full(ValueError("other")) and not is_full(CsmError("No space left on device"))
    chain = RuntimeError("x")
    chain.__cause__ = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert any(map(is_full, causes(chain)))
    assert api_error(chain).code == "disk_full"
    assert api_error(OSError(errno.EFBIG, "File too large")).status == 507
    assert api_error(OSError(errno.EMFILE, "Too many open files")).code == "too_many_files"


@pytest.mark.parametrize(
    "call",
    [
        ["say", "Hi.", "-o", f"{LONG}.wav"],
        ["say", "Hi.", "-o", "file/x.wav"],
        ["say", "Hi.", "-o", "folder.wav"],
        ["render", "a.yaml", "-o", LONG],
        ["render", "a.yaml", "-o", "file"],
        ["render", "a.yaml", "-o", "file/x"],
        ["render", "a.yaml", "-o", "loop"],
        ["render", "a.yaml", "--takes", "file/x"],
        ["render", "a.yaml", "--takes", LONG],
        ["render", "loop/a.yaml"],
        ["render", "file/a.yaml"],
    ],
)
def test_nothing_is_spoken_for_a_file_that_cannot_be_written(csm, voices, engine, call):
    Path("a.yaml").write_text(TEXT)
    Path("file").touch()
    Path("folder.wav").mkdir()
    Path("loop").symlink_to("loop")
    done = csm(*call)
    assert done.code in (1, 2, 3, 4)
    assert "internal" not in done.err
    assert done.err.splitlines()[-1].startswith("csm: error: ")
    assert engine.batches == []


@contextmanager
def limited(kind, number):
    """With another limit of the process."""
    before = resource.getrlimit(kind)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(kind, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_script_with_the_longest_name_is_rendered(csm, voices, engine):
    name = "é" * 125 + ".yaml"
    Path(name).write_text(TEXT)
    assert csm("render", name).code == 0
    listed = csm("takes", "list", name)
    assert "ok" in listed.out and "new" not in listed.out
    assert csm("takes", "pin", f"{name}:4").code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")
def test_a_name_that_is_not_utf8(csm, voices, engine):
    folder = os.fsdecode(b"caf\xe9")
    Path(folder).mkdir()
    Path(folder, "a.yaml").write_text(TEXT)
    out, takes = f"{folder}/out", f"{folder}/takes"
    done = csm("render", f"{folder}/a.yaml", "-o", out, "--takes", takes, "--with", "all")
    assert done.code == 0, done.err
    assert "caf\\xe9/out/01-a-book.wav" in done.out.splitlines()
    assert csm("takes", "list", f"{folder}/a.yaml", "--takes", takes).code == 0
    assert csm("say", "Hi.", "-o", f"{folder}/x.wav").code == 0
    script = os.fsdecode(b"\xff.yaml")
    Path(script).write_text(TEXT)
    engine.batches.clear()
    done = csm("render", script)
    assert (done.code, engine.batches) == (2, [])
    assert "csm: error: \\xff.yaml: has a name that is not UTF-8; rename it" in done.err


def test_a_file_that_grows_too_large_is_one_line(csm, voices, engine):
    Path("a.yaml").write_text(TEXT)
    with limited(resource.RLIMIT_FSIZE, 4000):
        done = csm("render", "a.yaml")
    assert done.code == 1
    assert "File too large" in done.err.splitlines()[-1]
    assert "internal" not in done.err


def test_a_limit_on_files_is_not_a_full_disk(capsys):
    from csm_cli.cli.console import report

    assert report(RuntimeError("ffmpeg: File too large")) == 1
    said = capsys.readouterr().err
    assert "ulimit -f" in said and "free some space" not in said
    answer = api_error(OSError(errno.EFBIG, "File too large"))
    assert answer.code == "file_too_large" and "ulimit -f" in answer.remedy
