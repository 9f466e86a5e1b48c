"""The kernels of `engine.gpu` beside the plain code: in triton's interpreter, and compiled for a GPU.

With a GPU, on it: TRITON_INTERPRET=0 pytest tests/engine/test_gpu.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import MimiConfig

pytest.importorskip("triton", reason="there is no triton for this system")

from benchmarks.checkpoint import random_codec
from benchmarks.way import TINY_CODEC
from csm_cli.bench.correct import agreement, fused_logits, teacher_forced
from csm_cli.bench.correct import given as given_codes
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.core.types import Sampler, Utterance
from csm_cli.engine import Engine
from csm_cli.engine import batch as batch_module
from csm_cli.engine import gpu as gpu_package
from csm_cli.engine.codec import Codec
from csm_cli.engine.devices import Reports
from csm_cli.engine.frames import whole_frame
from csm_cli.engine.gpu import codec as codec_module
from csm_cli.engine.gpu import fusable
from csm_cli.engine.gpu import prompts as prompts_module
from csm_cli.engine.gpu.codec import FusedDecoder
from csm_cli.engine.gpu.frame_kernels import draw_code
from csm_cli.engine.gpu.frames import FusedFrames
from csm_cli.engine.gpu.products import Product, Scratch, Squares
from csm_cli.engine.gpu.prompts import FusedPrompts
from csm_cli.engine.gpu.tiles import Tile, choose_tile, fitted
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Eight, Plain
from csm_cli.engine.state import Admission, Field, Part, State, admit, new_state, prefill
from csm_cli.engine.weights import load_weights
from csm_cli.model.sampling import RowSampler, draw, frame_noise
from tests.engine.test_scheduler import VOICE, generate_all, same

REAL = os.environ["TRITON_INTERPRET"] == "0" and torch.cuda.is_available()
DEVICE = torch.device("cuda" if REAL else "cpu")
SEED = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def _interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels run here."""
    monkeypatch.setattr(gpu_package, "runs_on", lambda device: True)


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Of the tiny shape: 2 layers, 4 codebooks of 64 codes."""
    from csm_cli.bench.subject import find_subject

    subject = find_subject("", "tiny")
    return load_weights(subject.config, subject.tensors, DEVICE, torch.float32, Plain)


def some(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def near(found: Tensor, wanted: Tensor) -> None:
    error = 1e-4 if REAL else 1e-5
    torch.testing.assert_close(found, wanted, rtol=error, atol=error)


@settings(max_examples=25, deadline=None)
@given(
    count=st.sampled_from([1, 2, 3, 17]),
    outputs=st.sampled_from([16, 48, 64]),
    width=st.sampled_from([16, 32, 192]),
    mode=st.sampled_from(["plain", "norm", "gated", "add"]),
    kind=st.sampled_from([None, torch.int8]),
    how=st.sampled_from(["as it is", "swapped", "torch"]),
    seed=SEED,
)
def test_a_product_and_what_surrounds_it(
    count: int, outputs: int, width: int, mode: str, kind: torch.dtype | None, how: str, seed: int
) -> None:
    gated = mode == "gated"
    weight = some(outputs * (2 if gated else 1), width, seed=seed)
    linear = Plain(weight) if kind is None else Eight(weight, kind)
    x, out, squares = (
        some(count, width, seed=seed + 1),
        some(count, outputs, seed=seed + 2),
        Squares(20, DEVICE),
    )
    squares.parts[:count, :2] = x.square().view(count, 2, -1).sum(-1)
    squares.partials = 2
    eps = 0.3
    product = Product(
        linear,
        Scratch(DEVICE),
        squares,
        norm_eps=eps if mode in ("norm", "gated") else None,
        gated=gated,
        add=mode == "add",
        writes_x=mode == "add",
    )
    if how == "torch" and mode == "plain" and kind is None:
        product.tiles[count] = None
    elif tile := product.tile(count):
        product.tiles[count] = replace(tile, swap=how == "swapped")
    normed = x / torch.hypot(x.norm(dim=-1, keepdim=True), x.new_tensor(eps))
    wanted = linear(normed if mode in ("norm", "gated") else x)
    if gated:
        first, second = wanted.chunk(2, dim=-1)
        wanted = torch.nn.functional.silu(first) * second
    if mode == "add":
        wanted = out + wanted
    near(product(x, out), wanted)
    if mode == "add":
        near(squares.parts[:count, : squares.partials].sum(1), wanted.square().sum(1))


def test_parts_of_a_product_are_added_up_and_the_counters_are_left_at_zero() -> None:
    weight, x, scratch = some(32, 256, seed=1), some(5, 256, seed=2), Scratch(DEVICE)
    product = Product(Plain(weight), scratch, Squares(5, DEVICE))
    product.tiles[5] = Tile(16, 16, 32, parts=4)
    for _ in range(2):
        near(product(x, torch.empty(5, 32, device=DEVICE)), x @ weight.T)
        assert not scratch.room(2, 1)[1].any()


@given(
    count=st.integers(1, 300),
    outputs=st.integers(1, 600).map(lambda n: 16 * n),
    width=st.integers(1, 600).map(lambda n: 16 * n),
    gated=st.booleans(),
    measured=st.booleans(),
    itemsize=st.sampled_from([2, 4]),
)
@example(count=16, outputs=8192, width=2048, gated=True, measured=True, itemsize=2)
def test_every_tile_fits_its_product_and_a_small_gpu(
    count: int, outputs: int, width: int, gated: bool, measured: bool, itemsize: int
) -> None:
    tile = choose_tile(count, outputs, width, gated, 132, measured)
    tile = fitted(tile, gated, itemsize, 100_000)
    a_step = (tile.rows + tile.columns * (2 if gated else 1)) * itemsize
    assert tile.rows == 1 or tile.stages * tile.step * a_step <= 100_000
    assert width % (tile.step * tile.parts) == 0
    assert (tile.rows == 1) == (count == 1)
    assert tile.parts == 1 or not gated
    assert all(n & (n - 1) == 0 for n in (tile.rows, tile.columns, tile.step))


@settings(max_examples=25, deadline=None)
@given(
    seed=SEED,
    top_k=st.sampled_from([1, 2, 7, 40, 0]),
    temperature=st.sampled_from([0.0, 0.6, 1.5]),
    digits=st.sampled_from([1, 5]),
)
def test_a_code_is_the_one_that_the_model_draws(
    seed: int, top_k: int, temperature: float, digits: int
) -> None:
    """With ties, too."""
    logits = some(1, 40, seed=seed).round(decimals=digits)
    sampler = RowSampler.of([temperature], [top_k], 40, DEVICE)
    keys, frame = torch.tensor([[seed, seed // 3]], device=DEVICE), seed % 900
    counters = (torch.arange(n, device=DEVICE) for n in (2, 40))
    noise = frame_noise(keys, frame, sampler, sampler, *counters)
    wanted = draw(logits, sampler, None if noise is None else noise[:, 1])
    numbers = torch.zeros(1, 9, dtype=torch.int64, device=DEVICE)
    numbers[0, Field.FRAME], numbers[0, Field.KEY : Field.KEY + 2] = frame, keys[0]
    numbers[0, Field.TOP_K :] = sampler.top_k[0, 0]
    codes, table = torch.zeros(1, 4, dtype=torch.int64, device=DEVICE), some(4 * 41, 16, seed=seed)
    x, squares = (torch.zeros(1, n, device=DEVICE) for n in (16, 8))
    fields = {"FIELDS": 9, "FRAME": int(Field.FRAME), "KEY": int(Field.KEY), "TOP_K": int(Field.TOP_K)}
    draw_code[(1,)](
        logits,
        numbers,
        torch.full((1, 2), temperature, device=DEVICE),
        codes,
        table,
        x,
        squares,
        1,
        8,
        **fields,
        DECODER=1,
        V=40,
        VOCAB=41,
        K=4,
        CANDIDATES=64,
        WIDTH=16,
        PADDED=16,
        EMBED=True,
        EARLY=False,
    )
    assert codes[0].tolist() == [0, int(wanted), 0, 0]
    assert torch.equal(x[0], table[41 + int(wanted)])
    near(squares[0, 0], x.square().sum())


def contents() -> list[list[int]]:
    """Prompts of three lengths, one of several tiles."""
    return [list(range(3, 3 + n)) for n in (20, 150, 9)]


SAMPLERS = (Sampler(0.9, 8), Sampler(0.0, 8), Sampler(1.2, 0, 0.7, 5))


def started(weights: Weights, rows: int, fused: bool) -> State:
    """A state of `rows` slots, all but one of them with a line."""
    state = new_state(weights, rows, 200, 0)
    parts = [Part(row, content, 0) for row, content in enumerate(contents()[: max(1, rows - 1)])]
    hidden = FusedPrompts(state)(parts) if fused else torch.stack([prefill(state, part) for part in parts])
    lines = [
        Utterance(0, "x", seed=part.row + 5, max_frames=3 + part.row, sampler=SAMPLERS[part.row])
        for part in parts
    ]
    entering = [Admission(p.row, line, len(p.content)) for p, line in zip(parts, lines, strict=True)]
    admit(state, entering, hidden)
    return state


@torch.inference_mode()
@pytest.mark.parametrize("rows", [1, 4])
def test_frames_are_those_of_the_steps(weights: Weights, rows: int) -> None:
    """Three lines that end at their caps one after another, and a slot that idles."""
    plain, fused = started(weights, rows, fused=False), started(weights, rows, fused=True)
    near(fused.hidden, plain.hidden)
    frames = FusedFrames(fused)
    lines = max(1, rows - 1)
    for _ in range(6):
        whole_frame(plain, rows, plain.cache.keys[0].shape[2])
        frames(rows)
        assert torch.equal(fused.report[:lines], plain.report[:lines])
        assert torch.equal(fused.numbers[:lines], plain.numbers[:lines])
        near(fused.hidden[:lines], plain.hidden[:lines])
    length = int(plain.numbers[0, Field.LENGTH])
    near(fused.cache.block[:, :, 0, :, :length], plain.cache.block[:, :, 0, :, :length])


class NoGraph:
    """In place of a recording: computes what would be replayed."""

    def __init__(self, run: Any) -> None:
        self.run, self.result = run, run()

    def replay(self) -> None:
        self.result.copy_(self.run())


class NoRecorder:
    """In place of a `Recorder`."""

    def __init__(self, urgent: bool = False) -> None:
        self.recorded = 0

    def record(self, run: Any) -> tuple[NoGraph, Tensor]:
        self.recorded += 1
        graph = NoGraph(run)
        return graph, graph.result


@torch.inference_mode()
def test_prompts_in_passes_of_recorded_sizes(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts behind what is cached; a pass of fewer lines after one of more, of the same size."""
    monkeypatch.setattr(prompts_module, "Recorder", NoRecorder)
    plain, fused = new_state(weights, 4, 200, 0), new_state(weights, 4, 200, 0)
    prompts = FusedPrompts(fused, recorded=True)
    first = [Part(row, content[:8], 0) for row, content in enumerate(contents())]
    second = [Part(1, contents()[1][8:], 8)]
    third = [Part(2, contents()[2][8:], 8), Part(3, contents()[0], 0), Part(0, contents()[0][8:], 8)]
    for parts in (first, second, third):
        near(prompts(parts), torch.stack([prefill(plain, part) for part in parts]))
    for row, content in enumerate(contents()):
        found, wanted = (s.cache.block[:, :, row, :, : len(content)] for s in (fused, plain))
        near(found, wanted)
    assert prompts._recorder is not None
    assert prompts._recorder.recorded == 2


def test_lines_of_a_batch_are_those_of_the_engine(onednn: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way of a GPU: prompts together, reports a frame late, slots used again."""
    lines = [
        Utterance(n % 2, "line " * (n + 1), (VOICE,), seed=n, max_frames=2 + n, sampler=SAMPLERS[n])
        for n in range(3)
    ]
    wanted = [onednn.speak([line])[0] for line in lines]
    found = find_checkpoint(Path(onednn.files[0]).parent)
    plain = load_weights(found.config, found.tensors(), DEVICE, torch.float32, Plain)
    assert fusable(plain)
    monkeypatch.setattr(onednn, "weights", plain)
    monkeypatch.setattr(batch_module, "Reports", lambda device: Reports(device, late=True))
    for speech, alone in zip(generate_all(onednn.scheduler(2), lines), wanted, strict=True):
        assert same(speech, alone)


@pytest.mark.skipif(not REAL, reason="needs a GPU")
def test_nothing_waits_for_the_gpu_when_lines_come_and_go(
    onednn: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Utterance(0, "line", (VOICE,), seed=n, max_frames=3 + n) for n in range(6)]
    found = find_checkpoint(Path(onednn.files[0]).parent)
    weights = load_weights(found.config, found.tensors(), DEVICE, torch.bfloat16, Plain)
    monkeypatch.setattr(onednn, "weights", weights)
    scheduler = onednn.scheduler(4)
    first = generate_all(scheduler, lines)  # frames and prompts are recorded, which waits
    torch.cuda.set_sync_debug_mode("error")
    try:
        again = generate_all(scheduler, lines)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(same(one, other) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize(("kind", "least"), [(torch.int8, 0.9), (torch.float8_e4m3fn, 0.6)])
def test_weights_of_8_bits(weights: Weights, kind: torch.dtype, least: float) -> None:
    """The kernels compute what the class does; the codes are mostly those of float32, flat as the logits
    are.
    """
    from csm_cli.bench.subject import find_subject

    subject = find_subject("", "tiny")

    def eight(weight: Tensor) -> Eight:
        return Eight(weight, kind)

    small = load_weights(subject.config, subject.tensors, DEVICE, torch.float32, eight)
    ids, codes = given_codes(weights, frames=3)
    wanted = teacher_forced(small, ids, codes)
    if kind == torch.int8:
        near(fused_logits(small, ids, codes), wanted)
    found = agreement(wanted, teacher_forced(weights, ids, codes))
    assert found.equal_greedy >= least


def test_logits_are_those_of_float32(weights: Weights) -> None:
    ids, codes = given_codes(weights, frames=3)
    near(fused_logits(weights, ids, codes), teacher_forced(weights, ids, codes))


def test_models_that_there_are_kernels_for(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fusable(weights)
    assert not fusable(replace(weights, depth_audio=None))
    assert not fusable(replace(weights, head=Plain(some(60, 64, seed=1))))
    assert not fusable(replace(weights, project=lambda x: x))
    assert not fusable(replace(weights, depth=replace(weights.depth, head_dim=24)))
    monkeypatch.undo()
    assert fusable(weights) == REAL


def test_kernels_that_do_not_run_are_done_without(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """No C compiler, or a number type that the GPU lacks."""

    def broken(*given: Any) -> None:
        raise ValueError("Failed to find C compiler\nat some place")

    notices: list[str] = []
    state = new_state(weights, 1, 50, 0)
    gpu_package.compile_fault.cache_clear()
    monkeypatch.setattr(Product, "__call__", broken)
    try:
        assert gpu_package.fused_parts(state, False, notices.append) is None
    finally:
        gpu_package.compile_fault.cache_clear()
    assert len(notices) == 1
    assert "(Failed to find C compiler)" in notices[0]
    monkeypatch.undo()


@pytest.fixture(scope="module")
def codec() -> Iterator[Codec]:
    found = find_checkpoint("demo")
    yield Codec(found.config["codec_config"], found.tensors(), found.config["num_codebooks"], DEVICE)


@torch.inference_mode()
def test_the_decoder_with_a_kernel_for_each_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of several lengths, as they are and in passes that are recorded."""
    if not REAL:
        monkeypatch.setattr(codec_module, "Recorder", NoRecorder)
        monkeypatch.setattr(codec_module, "_size", lambda count, least: -(-count // 4) * 4)
    config = MimiConfig(**TINY_CODEC)
    codec = Codec(config.to_dict(), random_codec(config), 4, DEVICE)
    generator, each = torch.Generator().manual_seed(1), codec.frame_samples
    decoder = FusedDecoder(codec, torch.float32, recorded=True)
    # The second is recorded, the third done by that recording, the last in two passes, one of them too long.
    for lengths in ([3, 1, 4], [3, 4, 1], [1, 2], [2, 4]):
        if lengths == [2, 4]:
            monkeypatch.setattr(codec_module, "_PASS", 6)
        codes = torch.randint(codec.codes, (len(lengths), 4, codec.num_codebooks), generator=generator)
        lines = zip(codec.decode(codes), lengths, strict=True)
        wanted = torch.cat([line[: length * each] for line, length in lines])
        close = {"rtol": 1e-4, "atol": float(wanted.abs().max()) * (1e-3 if REAL else 1e-5)}
        torch.testing.assert_close(decoder(codes, lengths), wanted, **close)


@torch.inference_mode()
def test_the_decoder_of_the_embedded_voice_in_half_precision(codec: Codec) -> None:
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(codec.codes, (2, 2, codec.num_codebooks), generator=generator)
    wanted = torch.cat([codec.decode(codes)[0], codec.decode(codes)[1, : codec.frame_samples]])
    error = FusedDecoder(codec, torch.float16)(codes, [2, 1]) - wanted
    decibels = 10 * float((error.square().mean() / wanted.square().mean()).log10())
    assert decibels < -50


def test_decoders_that_there_are_kernels_for(codec: Codec) -> None:
    layers = codec.decoder
    assert FusedDecoder.fits(layers)
    assert not FusedDecoder.fits(layers[:-1])
    residual = next(layer for layer in layers if hasattr(layer, "shortcut"))
    other = [replace(residual, shortcut=layers[0]) if layer is residual else layer for layer in layers]
    assert not FusedDecoder.fits(other)


def test_all_kernels_compile_for_a_gpu(tmp_path: Path) -> None:
    """Number types that the interpreter does not know, and what only a compiler refuses."""
    surroundings = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.gpu_kernels"],
        env=surroundings | {"TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(set(done.stdout.split())) == 13


def test_reports_are_given_back_a_call_late() -> None:
    reports = Reports(torch.device("cpu"), late=True)
    first, second = (torch.full((2, 3), n, dtype=torch.int16) for n in (1, 2))
    assert reports.exchange(first, [7, 0]) == []
    ((ticket, row),) = reports.exchange(second, [7, 8])
    assert ticket == 7
    assert np.array_equal(row, [1, 1, 1])
