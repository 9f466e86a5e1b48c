"""The compiled loops: each computes what a few lines of numpy or torch do, and rows are independent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError
from csm_cli.engine import Engine, Utterance
from csm_cli.engine.kernels import loops
from csm_cli.engine.kernels.kernels import Kernels
from csm_cli.engine.kernels.panels import Panels, compiled_before, loops_fit
from csm_cli.engine.state import Part, new_state, prefill
from csm_cli.engine.weights import load_weights
from csm_cli.model.sampling import RowSampler, draw
from tests.engine.test_engine import LINES
from tests.model.tiny import tiny_config

CPU = torch.device("cpu")
SEED = st.integers(0, 2**32 - 1)


def some(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@contextmanager
def threads_of(engine: Engine, threads: int) -> Iterator[None]:
    """Let an engine's loops use this many threads, whatever the machine has."""
    kernels = engine.weights.kernels
    assert kernels is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "_threads", threads)
        patch.setattr(kernels, "_pool", Kernels(engine.weights, threads)._pool)
        yield


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 11), width=st.integers(1, 70), outputs=st.integers(1, 150), seed=SEED)
def test_a_product_is_that_of_numpy_and_every_row_is_its_own(
    rows: int, width: int, outputs: int, seed: int
) -> None:
    weight, x = some(outputs, width, seed=seed), some(rows, width, seed=seed + 1)
    product = Panels(torch.from_numpy(weight))
    found = product(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, x.astype(np.float64) @ weight.T.astype(np.float64), atol=1e-4)
    for row in range(rows):
        assert np.array_equal(product(torch.from_numpy(x[row : row + 1])).numpy()[0], found[row])
    total = product.add(torch.from_numpy(x), torch.ones(rows, outputs))
    assert np.array_equal(total.numpy(), found + np.float32(1))


@given(st.floats(-120, 80, width=32))
def test_the_exponential(x: float) -> None:
    assert loops.exp(np.float32(x)) == pytest.approx(math.exp(max(x, -87.0)), rel=3e-7)


@given(st.integers(1, 300), st.data())
def test_the_kth_best(count: int, data: Any) -> None:
    numbers = some(count, seed=data.draw(SEED)).round(1)  # with ties
    k = data.draw(st.integers(1, count))
    assert loops.least_kept(numbers, k) == np.sort(numbers)[-k]


@given(SEED, st.integers(0, 40), st.sampled_from([0.0, 0.6, 1.5]))
def test_a_code_is_the_one_that_the_model_draws(seed: int, top_k: int, temperature: float) -> None:
    logits = torch.from_numpy(some(1, 40, seed=seed))
    noise = temperature * torch.from_numpy(some(1, 40, seed=seed + 1))
    sampler = RowSampler.of([temperature], [top_k], 40)
    wanted = int(draw(logits, sampler, noise))
    kept = int(sampler.top_k[0, 0])
    assert loops.draw(logits[0].numpy(), noise[0].numpy(), temperature > 0, kept) == wanted


@torch.inference_mode()
@pytest.mark.parametrize("threads", [2, 3, 16])
def test_lines_shared_out_among_threads_are_the_same(engine: Engine, threads: int) -> None:
    lines = [Utterance(n % 3, "word " * (n % 5), seed=n, max_frames=4) for n in range(13)]
    wanted = engine.speak(lines)
    with threads_of(engine, threads):
        found = engine.speak(lines)
    assert all(np.array_equal(a.codes, b.codes) for a, b in zip(found, wanted, strict=True))


@torch.inference_mode()
@pytest.mark.parametrize("threads", [2, 3, 16])
def test_a_prompt_shared_out_among_threads_is_the_same(engine: Engine, threads: int) -> None:
    content = [3 + n % 20 for n in range(240)]
    alone, shared = (new_state(engine.weights, 2, 250, 0) for _ in range(2))
    wanted = prefill(alone, Part(1, content, 5))
    with threads_of(engine, threads):
        found = prefill(shared, Part(1, content, 5))
    assert torch.equal(found, wanted)
    assert torch.equal(shared.cache.block, alone.cache.block)


def test_a_thread_that_fails_keeps_no_other_waiting(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = loops.decode_stack, []

    def breaking(*given: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise TypeError("no such instruction")
        real(*given)

    monkeypatch.setattr(loops, "decode_stack", breaking)
    with threads_of(engine, 2), pytest.raises(TypeError, match="no such instruction"):
        prefill(new_state(engine.weights, 1, 250, 0), Part(0, [5] * 240, 0))


def test_loops_and_torch_give_the_same_codes(engine: Engine, onednn: Engine) -> None:
    assert engine.weights.kernels is not None
    assert onednn.weights.kernels is None
    for one, other in zip(engine.speak(LINES), onednn.speak(LINES), strict=True):
        assert np.array_equal(one.codes, other.codes)


def test_models_that_the_loops_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**tiny_config(), "codec_config": {"codebook_size": 32}}
    assert loops_fit(config, CPU)
    assert not loops_fit(config, torch.device("cuda"))
    assert not loops_fit({**config, "hidden_size": 2048, "intermediate_size": 8192}, CPU)
    assert not loops_fit({**config, "head_dim": 12}, CPU)
    monkeypatch.setattr("csm_cli.engine.kernels.panels.find_spec", lambda name: None)
    assert not loops_fit(config, CPU)


def test_other_ways_have_no_loops(folder: Path) -> None:
    for how in ({"eager": True}, {"dtype": "bf16"}):
        assert Engine.load(folder, "cpu", **how).weights.kernels is None
    from csm_cli.checkpoints.find import find_checkpoint

    found = find_checkpoint(folder)
    assert load_weights(found.config, found.tensors(), CPU, torch.float32).kernels is None


def test_who_is_in_haste_does_not_wait_for_a_compiler(
    folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.weights.kernels is not None
    assert compiled_before()
    assert Engine.load(folder, "cpu", in_haste=True).weights.kernels is not None
    monkeypatch.setattr("csm_cli.engine.weights.compiled_before", lambda: False)
    assert Engine.load(folder, "cpu", in_haste=True).weights.kernels is None
    assert Engine.load(folder, "cpu").weights.kernels is not None


def test_what_fails_in_them_names_the_way_round(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise TypeError("no such instruction")  # numba's errors are no RuntimeErrors

    monkeypatch.setattr(loops, "sample_frame", broken)
    with pytest.raises(CsmError, match=r"no such instruction.*--eager"):
        engine.speak(LINES[:1])
