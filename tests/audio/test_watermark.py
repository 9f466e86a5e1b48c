"""The watermark's hook: a stand-in keeps to silentcipher's interface, for no checkpoint is here."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from csm_cli.audio.watermark import RATE, Watermark, message_of
from csm_cli.core.errors import MissingError

SOUND = np.sin(np.arange(48_000) / 20).astype(np.float32) / 4


class Model:
    def encode_wav(self, sound, rate, message, message_sdr=None, calc_sdr=True):
        print("chatter that must not reach standard output")
        assert rate == RATE and len(message) == 5 and message_sdr
        return sound + 0.001 * message[0], 0


@pytest.fixture
def silentcipher(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("silentcipher")
    module.get_model = lambda **how: Model()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "silentcipher", module)
    return module


def test_a_key_is_five_bytes() -> None:
    assert message_of("a") == message_of("a") != message_of("b")
    assert len(message_of("")) == 5 and all(0 <= byte < 256 for byte in message_of("x"))


def test_marked_at_its_own_rate(silentcipher, capsys) -> None:
    mark = Watermark("key")
    marked = mark(SOUND, 24_000)
    assert marked.dtype == np.float32 and marked.size == SOUND.size
    assert np.allclose(marked[2000:-2000] - SOUND[2000:-2000], 0.001 * message_of("key")[0], atol=2e-3)
    assert capsys.readouterr().out == ""
    for untouched in (SOUND[:12_000], np.zeros(48_000, np.float32)):
        assert mark(untouched, 24_000) is untouched


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "silentcipher", None)
    with pytest.raises(MissingError, match="not installed"):
        Watermark("key")


def test_a_folder_or_a_hub_that_has_no_checkpoint(silentcipher, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"hparams\.yaml"):
        Watermark("key", tmp_path)

    def offline(**how):
        raise ConnectionError("no network\nmore")

    silentcipher.get_model = offline
    with pytest.raises(MissingError, match="cannot be loaded") as raised:
        Watermark("key")
    assert "\n" not in str(raised.value)
