"""Messages on a file that misses its target, and a disk that is full when a sample is made."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.level import PRESETS
from csm_cli.audio.timeline import Spoken
from csm_cli.core.errors import CsmError
from csm_cli.delivery.book import Book
from csm_cli.delivery.encode import misses
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.writer import BookWriter
from tests.delivery.books import RATE, chapter, tone

FAINT = Spoken("l1", "Ann", "Hush.", 0, tone(3.0, level=0.0015))
HUM = tone(3.0, level=0.02)
CLICK = Spoken("l1", "Ann", "Click.", 0, np.concatenate([HUM, np.full(40, 0.95, np.float32), HUM]))


def notes(folder: Path, delivery: Delivery, *chapters) -> list[str]:
    with BookWriter(Book("Book"), folder, delivery, RATE, len(chapters)) as writer:
        for number, parts in enumerate(chapters, 1):
            writer.add(number, "Title", parts)
        writer.finish()
    return writer.notes


def test_nothing_is_said_where_all_is_well(tmp_path: Path) -> None:
    for name in PRESETS:
        delivery = Delivery(("mp3", "m4b"), loudness=PRESETS[name], sample=True)
        found = notes(tmp_path / name, delivery, chapter(4), chapter(3))
        assert found == ["the sample is shorter than a minute: so is the book"]


def test_a_chapter_that_stays_softer_than_it_should_is_named(tmp_path: Path) -> None:
    """A click would have to be taken down by more than 9 dB; what is next to silent is not blown up."""
    (click,) = notes(tmp_path / "a", Delivery(), chapter(4), [CLICK])
    assert click.startswith("02-title.wav: -34") and click.endswith(
        " dB RMS in place of -20.5: single peaks stand far above the rest"
    )
    (faint,) = notes(tmp_path / "b", Delivery(loudness=PRESETS["podcast"]), [FAINT])
    assert faint.startswith("01-title.wav: -") and faint.endswith(
        " LUFS in place of -19: there is next to nothing to be heard in it"
    )
    assert notes(tmp_path / "c", Delivery(loudness=PRESETS["none"]), [CLICK], [FAINT]) == []


def test_a_soft_chapter_of_a_book_with_one_gain_is_meant(tmp_path: Path) -> None:
    delivery = Delivery(("wav", "m4b"), level_per="book")
    assert notes(tmp_path, delivery, chapter(4, 0.6, 0.3), chapter(4, 0.6, 0.1)) == []


def test_a_peak_that_no_encoding_brings_under_the_limit_is_named(tmp_path: Path) -> None:
    with BookWriter(Book("Book"), tmp_path, Delivery(("mp3",)), RATE, 1) as writer:
        _, (file,) = writer.add(1, "Title", chapter(2))
    assert list(misses(file, PRESETS["acx-spec"], True)) == []
    loud = replace(file, peak_db=-2.9, true_peak_db=-0.9)
    said = "01-title.mp3: its peak stands over the limit of {} dB"
    assert list(misses(loud, PRESETS["acx-spec"], True)) == [said.format(-3)]
    assert list(misses(loud, PRESETS["podcast"], False)) == [said.format(-1)]
    assert list(misses(loud, PRESETS["none"], True)) == []


def test_a_disk_that_is_full_when_the_sample_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("csm_cli.delivery.writer.mix_sample", full)
    with pytest.raises(CsmError, match=r"out: cannot be written \(No space left on device\)"):
        notes(tmp_path / "out", Delivery(sample=True), chapter(2))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["01-title.wav"]
