"""Products: oneDNN's are exact, rounded ones within their error, and no row depends on its neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.engine import Engine, Utterance
from csm_cli.engine.linears import Int8, OneDnnLinear, Plain, _runs, choose_linear, round_rows

CPU, CUDA, MPS = (torch.device(kind) for kind in ("cpu", "cuda", "mps"))
FLOAT, HALF = torch.float32, torch.bfloat16
needs_int8 = pytest.mark.skipif(not _runs(Int8), reason="no 8-bit products on this processor")
needs_onednn = pytest.mark.skipif(not _runs(OneDnnLinear), reason="no oneDNN products in this torch")


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@needs_onednn
@pytest.mark.parametrize("rows", [1, 3, 16, 70])
def test_onednn_is_the_plain_product(rows: int) -> None:
    weight, x, to = some(40, 24), some(rows, 24, seed=1), some(rows, 40, seed=2)
    plain, onednn = Plain(weight), OneDnnLinear(weight)
    torch.testing.assert_close(onednn(x), plain(x))
    torch.testing.assert_close(onednn.add(x, to), plain.add(x, to))
    torch.testing.assert_close(onednn(x[None]), plain(x)[None])
    assert onednn.bytes == plain.bytes == 4 * 40 * 24


@needs_onednn
@pytest.mark.parametrize("width", [96, 2048])
def test_a_onednn_row_is_its_own_to_the_last_bit(width: int) -> None:
    weight, x = some(72, width), some(32, width, seed=1)
    onednn = OneDnnLinear(weight)
    whole = onednn(x)
    for rows in (1, 2, 3, 4, 13, 16):
        assert torch.equal(onednn(x[:rows]), whole[:rows])
    assert torch.equal(onednn(x[None, 5:6])[0, 0], whole[5])


@needs_int8
@given(st.integers(1, 20), st.integers(0, 99), st.floats(1e-3, 1e3))
def test_int8_is_close_and_rows_are_their_own(rows: int, seed: int, size: float) -> None:
    weight, x = some(48, 64, seed=seed), size * some(rows, 64, seed=seed + 1)
    linear = Int8(weight)
    found, wanted = linear(x), x @ weight.T
    assert (found - wanted).norm() <= 0.02 * wanted.norm()
    loud = torch.cat((x, 1000 * x))
    assert torch.equal(linear(loud)[:rows], found)
    assert torch.equal(linear(x[-1:])[0], found[-1])
    assert linear.bytes == weight.numel()


@needs_int8
def test_int8_of_nothing_is_nothing() -> None:
    assert not Int8(some(16, 16))(torch.zeros(2, 16)).any()


@given(st.integers(0, 99))
def test_rounded_rows(seed: int) -> None:
    weight = some(5, 9, seed=seed)
    rounded, scale = round_rows(weight, 127)
    assert rounded.abs().max() == 127
    assert ((rounded * scale - weight).abs() <= scale / 2 + 1e-6).all()


def test_what_is_chosen() -> None:
    assert choose_linear(CPU, FLOAT, eager=True) is Plain
    assert choose_linear(CPU, HALF) is choose_linear(CUDA, HALF) is choose_linear(MPS, FLOAT) is Plain
    for device, dtype, quantize, eager in (
        (CPU, FLOAT, "int8", True),
        (CPU, FLOAT, "fp8", False),
        (MPS, FLOAT, "int8", False),
        (CPU, FLOAT, "int3", False),
    ):
        with pytest.raises(UsageError, match="quantize"):
            choose_linear(device, dtype, quantize, eager)


def test_a_torch_without_the_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.engine.linears._runs", lambda kind: False)
    assert choose_linear(CPU, FLOAT) is Plain
    with pytest.raises(MissingError, match="8-bit"):
        choose_linear(CPU, FLOAT, "int8")


@needs_onednn
def test_the_eager_engine_gives_the_same_codes(folder: Path, onednn: Engine) -> None:
    line = Utterance(0, "hello there", seed=4, max_frames=12)
    eager = Engine.load(folder, "cpu", eager=True)
    assert isinstance(eager.weights.backbone.layers[0].qkv, Plain)
    assert isinstance(onednn.weights.backbone.layers[0].qkv, OneDnnLinear)
    assert np.array_equal(eager.speak([line])[0].codes, onednn.speak([line])[0].codes)


@needs_int8
def test_a_rounded_line_is_the_same_alone_and_in_a_batch(folder: Path) -> None:
    small = Engine.load(folder, "cpu", quantize="int8")
    assert isinstance(small.weights.head, OneDnnLinear) == _runs(OneDnnLinear)
    lines = [Utterance(0, "hello there", seed=n, max_frames=6 + n) for n in range(5)]
    for line, speech in zip(lines, small.speak(lines), strict=True):
        assert np.array_equal(speech.codes, small.speak([line])[0].codes)
