"""What a path names is looked at before it is read: regular files alone, of a size, at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from csm_cli.core.reading import no_links, open_file, read_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the special files of POSIX")


def special(path: Path, kind: str) -> Path:
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(os.path.relpath(path))
    return path


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a device", "a socket"])
def test_special_files_are_named_and_never_waited_for(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with pytest.raises(OSError) as raised:
        read_file(special(tmp_path / "x", kind), 100)
    assert raised.value.strerror == f"it is {kind}, not an ordinary file"


def test_a_link_that_a_user_gives_is_followed(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_bytes(b"words")
    (tmp_path / "link.txt").symlink_to("book.txt")
    assert read_file(tmp_path / "link.txt", 5) == b"words"


def test_a_file_may_have_so_many_bytes_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 2049)
    assert len(read_file(path, 2049)) == 2049
    with pytest.raises(OSError) as raised:
        read_file(path, 2048)
    assert raised.value.strerror == "it is larger than 2 kB"
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a hole: it takes no room, and reading it would take a terabyte
    with pytest.raises(OSError, match="larger than 16 MB"):
        read_file(path, 16 << 20)


def test_a_file_that_states_no_size_is_read_to_its_end() -> None:
    path = Path("/proc/self/status")
    if not path.is_file():
        pytest.skip("there is no /proc")
    assert path.stat().st_size == 0 and b"VmRSS" in read_file(path, 1 << 16)
    with pytest.raises(OSError, match="larger than"):
        read_file(path, 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "queue"
    (folder / "sounds").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "words").write_bytes(b"secret")
    (folder / "sounds" / "own").write_bytes(b"own")
    (folder / "link").symlink_to(tmp_path / "secret" / "words")
    (folder / "inner").symlink_to("sounds/own")
    (folder / "away").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.mark.parametrize("name", ["link", "inner", "away/words", "sounds/../link", "loop"])
def test_below_a_folder_no_link_is_followed(folder: Path, name: str) -> None:
    with pytest.raises(OSError, match="it is a link, or in a folder that is one"):
        read_file(folder / name, 100, below=folder)


def test_a_folder_may_be_a_link_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "named").symlink_to(folder)
    assert read_file(tmp_path / "named" / "sounds" / "own", 100, below=tmp_path / "named") == b"own"
    assert read_file(tmp_path / "secret" / "words", 100, below=folder) == b"secret"  # it is not below


def test_links_are_refused_for_all_readers_while_a_folder_is_watched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    with no_links("named"):
        for path in (folder / "link", Path("named/link"), folder / "away" / "words", Path("queue/inner")):
            with pytest.raises(OSError, match="it is a link"):
                open_file(path)
        assert read_file("named/sounds/own", 100) == b"own"
        with pytest.raises(FileNotFoundError):
            open_file(folder / "nothing")
        os.mkfifo(folder / "pipe")
        with pytest.raises(OSError, match="it is a pipe"):
            open_file(folder / "pipe")
    assert read_file(folder / "link", 100) == b"secret"
