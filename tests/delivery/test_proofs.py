"""Flat memory however long the book, and a disk that fills: earlier files whole, no half file."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import soundfile

import csm_cli
from csm_cli.core.errors import CsmError
from csm_cli.delivery.book import Book
from csm_cli.delivery.manifest import read_timeline
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter
from tests.limits import largest_file

ROOT = Path(csm_cli.__file__).parent.parent
RENDER = """
import sys
from pathlib import Path
from csm_cli.audio.level import PRESETS
from csm_cli.delivery.book import Book
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter
from tests.memory import peak_bytes

minutes, folder = int(sys.argv[1]), Path(sys.argv[2])
delivery = Delivery(formats=("flac",), whole=True, loudness=PRESETS["none"])
with BookWriter(Book("Long"), folder, delivery, RATE, 1) as writer:
    writer.add(1, "One", chapter(minutes * 3, 19.5))
    files = writer.finish()
print(round(files[0].seconds), peak_bytes() >> 20)
"""


def test_memory_does_not_grow_with_the_chapter(tmp_path: Path) -> None:
    peaks = []
    for minutes in (2, 10):
        command = [sys.executable, "-c", RENDER, str(minutes), str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds, megabytes = map(int, done.stdout.split())
        assert seconds == pytest.approx(60 * minutes, rel=0.05)
        peaks.append(megabytes)
    # Eight minutes more are 46 MB as float32.
    assert peaks[1] - peaks[0] < 15, peaks


@pytest.fixture
def small_files():
    """No file of this process or its children may grow beyond 400 kB within the context."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield partial(largest_file, 400_000)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "aac"])
def test_a_file_that_cannot_be_finished(tmp_path: Path, small_files, name: str) -> None:
    """The disk buffer, four bytes a sample, is the first to find no room."""
    with BookWriter(Book("Book"), tmp_path, Delivery(formats=(name,)), RATE, 2) as writer:
        _, (first,) = writer.add(1, "Short", chapter(2))
        before = first.path.read_bytes()
        with small_files(), pytest.raises(CsmError, match="cannot be written") as error:
            writer.add(2, "Long", chapter(30))
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]
    assert first.path.read_bytes() == before


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "aac"])
def test_an_encoder_that_finds_no_room(tmp_path: Path, small_files, name: str) -> None:
    import numpy as np

    from csm_cli.delivery.encode import encode
    from csm_cli.delivery.formats import FORMATS

    path = tmp_path / f"a{FORMATS[name].suffix}"
    path.write_bytes(b"what was there before")
    noise = (np.random.default_rng(0).standard_normal(90 * RATE) * 3000).astype(np.int16)
    with small_files(), pytest.raises(CsmError, match=f"a{FORMATS[name].suffix}: "):
        encode([noise], noise.size, RATE, path, FORMATS[name])
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"what was there before"


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A file system of 1 MB, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("formats", [("wav", "flac"), ("mp3",), ("m4b", "opus")])
def test_a_disk_that_is_really_full(tiny_disk: Path, formats: tuple[str, ...]) -> None:
    with BookWriter(Book("Book"), tiny_disk, Delivery(formats=formats), RATE, 39) as writer:
        with pytest.raises(CsmError, match=r"No space left on device|to its end"):
            for number in range(1, 40):
                writer.add(number, f"Chapter {number}", chapter(4))
            writer.finish()
        finished = {path.name: path.read_bytes() for path in tiny_disk.glob("[!.]*") if path.is_file()}
        writer.write_timeline()
    timeline = read_timeline(tiny_disk / "timeline.json")
    assert {name for each in timeline.chapters for name in each.files} == set(finished), "no more, no less"
    left = {path.name: path.read_bytes() for path in tiny_disk.iterdir()}
    assert left.pop(".csm-files.json") and left.pop("timeline.json")
    assert left.pop(".csm-files.lock") == b""
    assert left == finished
    for name in finished:
        if name.endswith((".wav", ".flac")):
            assert soundfile.info(tiny_disk / name).duration > 3, "what has its name is whole"


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    code = (
        "import os; from csm_cli.delivery.writer import _work_folder; from pathlib import Path;"
        f"print(_work_folder(Path({str(tmp_path)!r})), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    left = Path(done.stdout.strip())
    assert left.parent == tmp_path and left.exists()
    with BookWriter(Book("A"), tmp_path, Delivery(), RATE, 1) as mine:
        assert not left.exists()
        with BookWriter(Book("B"), tmp_path, Delivery(), RATE, 1):
            mine.add(1, "One", chapter(1))
        _, (file,) = mine.add(2, "Two", chapter(1))
    assert file.path.exists() and len(list(tmp_path.iterdir())) == 2
