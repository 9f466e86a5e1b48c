"""Slots: a line's codes do not depend on the rest of the batch, nor on how its prompt was prefilled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import CsmError
from csm_cli.engine import Engine, Sampler, Segment, Utterance
from csm_cli.engine import batch as batch_module
from csm_cli.engine.devices import Reports
from csm_cli.engine.frames import decode_backbone, decode_frame, prepare_noise
from csm_cli.engine.linears import Int8, OneDnnLinear, _runs
from csm_cli.engine.prompt import shared_prefix
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.state import Admission, Field, Part, admit, new_state, prefill
from tests.engine.test_engine import CONTEXT, frames

VOICE = Segment(0, "the voice.", frames(12, 7))
SAMPLERS = [Sampler(0.9, 50), Sampler(0.0), Sampler(0.7, 5, 0.0, 0), Sampler(1.2, 0)]


def generate_all(scheduler: BatchScheduler, lines: list[Utterance]) -> list[Any]:
    tickets = [scheduler.submit(line) for line in lines]
    done = {}
    while taken := scheduler.poll():
        done.update(taken)
    assert scheduler.unfinished == 0
    return [done[ticket] for ticket in tickets]


def same(one: Any, other: Any) -> bool:
    return one.ended == other.ended and np.array_equal(one.codes, other.codes)


LINE = st.builds(
    Utterance,
    speaker=st.integers(0, 3),
    text=st.sampled_from(["a", "hello there", "a longer line, which goes on for a while."]),
    context=st.sampled_from([(), (VOICE,), (VOICE, *CONTEXT), CONTEXT]),
    seed=st.integers(0, 2**64 - 1),
    max_frames=st.integers(1, 12),
    sampler=st.sampled_from(SAMPLERS),
)


@settings(max_examples=6, deadline=None)
@given(lines=st.lists(LINE, min_size=1, max_size=9), count=st.sampled_from([1, 2, 5, 16]), late=st.booleans())
def test_a_line_has_the_codes_it_has_alone(
    each: Engine, lines: list[Utterance], count: int, late: bool
) -> None:
    engine = each
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_module, "Reports", lambda device: Reports(device, late))
        speeches = generate_all(engine.scheduler(count), lines)
    for line, speech in zip(lines, speeches, strict=True):
        (alone,) = engine.speak([line])
        assert same(speech, alone)


@pytest.mark.parametrize("how", [{}, {"eager": True}, {"quantize": "int8"}], ids=["fast", "eager", "int8"])
def test_lines_are_the_same_in_one_slot_and_in_many(folder: Path, how: dict[str, Any]) -> None:
    """Sixteen slots are refilled, one is refilled all the time, twenty are not."""
    if "quantize" in how and not _runs(Int8):
        pytest.skip("no 8-bit products on this processor")
    engine = Engine.load(folder, "cpu", **how)
    contexts = ((), (VOICE,), (VOICE, *CONTEXT))
    lines = [
        Utterance(n % 3, "word " * (n % 4 + 1), contexts[n % 3], n, 1 + n % 5, SAMPLERS[n % 4])
        for n in range(20)
    ]
    alone = generate_all(engine.scheduler(1), lines)
    for count in (16, 20):
        together = generate_all(engine.scheduler(count), lines)
        assert all(same(a, b) for a, b in zip(together, alone, strict=True))


@pytest.mark.skipif(
    not _runs(OneDnnLinear), reason="this processor's products differ with the number of rows"
)
def test_sixteen_slots_give_what_two_and_one_give_to_the_last_bit(each: Engine) -> None:
    engine = each
    lines = [Utterance(n % 3, "word " * (n % 4 + 1), (VOICE,), seed=n, max_frames=5 + n) for n in range(11)]
    states = []
    for count in (16, 2, 1):
        scheduler = engine.scheduler(count)
        scheduler.submit(lines[0])
        for line in lines[1:] if count == 16 else []:
            scheduler.submit(line)
        for _ in range(5):
            scheduler.advance()
        states.append(scheduler._batch._state)
    long = states[0]
    for short in states[1:]:
        assert torch.equal(long.hidden[0], short.hidden[0])
        for a, b in zip(long.cache.keys, short.cache.keys, strict=True):
            assert torch.equal(a[0, :, :20], b[0, :, :20])


def test_a_chain_goes_on_where_it_stopped(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The context of each line is the voice and all lines before it; only what is new is prefilled."""
    texts = ["one fine day", "another", "and the last of them"]
    positions: list[int] = []
    real = batch_module.prefill

    def counting(state: Any, part: Part, bucket: int) -> torch.Tensor:
        positions.append(len(part.content))
        return real(state, part, bucket)

    def generate(scheduler: BatchScheduler, alone: bool) -> list[Any]:
        context, speeches = (VOICE,), []
        for number, text in enumerate(texts):
            line = Utterance(0, text, context, seed=number, max_frames=9)
            chosen = engine.scheduler(1) if alone else scheduler
            (speech,) = generate_all(chosen, [line])
            speeches.append(speech)
            context = (*context, Segment(0, text, speech.codes[:-1]))
        return speeches

    apart = generate(engine.scheduler(1), alone=True)
    monkeypatch.setattr(batch_module, "prefill", counting)
    together = generate(engine.scheduler(2), alone=False)
    assert all(same(a, b) for a, b in zip(apart, together, strict=True))
    voice = engine.positions((VOICE,))
    own = [engine.positions((), Utterance(0, text)) for text in texts]
    # The end of the turn before and the line itself; the voice was prefilled once.
    assert positions == [voice, own[0], 1 + own[1], 1 + own[2]]


def test_a_voice_is_prefilled_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Utterance(0, f"line {n}", (VOICE,), seed=n, max_frames=4) for n in range(6)]
    wanted = [engine.speak([line])[0] for line in lines]
    starts: list[int] = []
    real = batch_module.prefill

    def noting(state: Any, part: Part, bucket: int) -> torch.Tensor:
        starts.append(part.start)
        return real(state, part, bucket)

    monkeypatch.setattr(batch_module, "prefill", noting)
    found = generate_all(engine.scheduler(2), lines)
    assert starts.count(0) == 1
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))
    starts.clear()
    engine.eager = True
    try:
        found = generate_all(engine.scheduler(2), lines)
    finally:
        engine.eager = False
    assert starts == [0] * 6
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))


def test_lines_given_later_enter_at_once_and_the_others_go_on(engine: Engine) -> None:
    scheduler = engine.scheduler(2)
    long, short = (Utterance(0, "x", seed=n, max_frames=cap) for n, cap in ((1, 30), (2, 3)))
    first, second = scheduler.submit(long), scheduler.submit(short)
    ((ticket, _),) = scheduler.poll()
    assert ticket == second
    assert len(scheduler.output(first)) == 3
    third = scheduler.submit(replace(short, seed=3))
    scheduler.advance()
    assert len(scheduler.output(first)) == 4
    assert len(scheduler.output(third)) == 1
    assert dict(scheduler.poll()).keys() == {third}
    ((last, speech),) = scheduler.poll()
    assert last == first
    assert same(speech, engine.speak([long])[0])
    assert scheduler.poll() == []


@settings(max_examples=4, deadline=None)
@given(data=st.data(), count=st.sampled_from([1, 2, 5]), late=st.booleans())
def test_a_line_that_is_given_up_leaves_its_slot_and_the_others_as_they_are(
    each: Engine, data: st.DataObject, count: int, late: bool
) -> None:
    engine = each
    lines = data.draw(st.lists(LINE, min_size=2, max_size=6))
    ends = data.draw(st.lists(st.none() | st.integers(0, 12), min_size=len(lines), max_size=len(lines)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_module, "Reports", lambda device: Reports(device, late))
        scheduler = engine.scheduler(count)
        tickets = [scheduler.submit(line) for line in lines]
        done: dict[int, Any] = {}
        gone = set()
        for frame in range(200):
            for ticket, end in zip(tickets, ends, strict=True):
                if end == frame and ticket not in done:
                    scheduler.cancel(ticket)
                    scheduler.cancel(ticket)
                    gone.add(ticket)
            if not scheduler.unfinished:
                break
            done.update(scheduler.advance())
    assert scheduler.unfinished == 0 and done.keys() | gone == set(tickets) and not done.keys() & gone
    for ticket, line in zip(tickets, lines, strict=True):
        assert ticket in gone or same(done[ticket], engine.speak([line])[0])


def test_what_is_given_up_frees_its_slot_at_once(engine: Engine) -> None:
    scheduler = engine.scheduler(1)
    line = Utterance(0, "x", (VOICE,), seed=1, max_frames=30)
    first, second, third = (scheduler.submit(replace(line, seed=seed)) for seed in (1, 2, 3))
    scheduler.advance()
    scheduler.cancel(first)
    scheduler.cancel(third)
    assert scheduler.unfinished == 1
    scheduler.advance()
    scheduler.advance()
    assert len(scheduler.output(second)) == 2 and len(scheduler.output(second, 1)) == 1
    ((ticket, speech),) = scheduler.poll()
    assert ticket == second and same(speech, engine.speak([replace(line, seed=2)])[0])
    scheduler.cancel(second)
    assert scheduler.poll() == []


@pytest.mark.parametrize("message", ["CUDA out of memory.", "DefaultCPUAllocator: can't allocate memory"])
def test_out_of_memory_halves_the_slots_and_loses_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    lines = [Utterance(n % 2, "line", (VOICE,), seed=n, max_frames=6 + n) for n in range(7)]
    wanted = [engine.speak([line])[0] for line in lines]
    real, calls = batch_module.decode_frame, [0]

    def greedy_for_memory(state: Any, rows: int, noise: Any) -> None:
        calls[0] += 1
        if state.slots > 4 and calls[0] > 3:
            raise RuntimeError(message)
        real(state, rows, noise)

    monkeypatch.setattr(batch_module, "decode_frame", greedy_for_memory)
    notices: list[str] = []
    monkeypatch.setattr(engine, "notice", notices.append)
    scheduler = engine.scheduler(8)
    found = generate_all(scheduler, lines)
    assert scheduler.count == 4
    assert len(notices) == 1
    assert "going on with 4 lines" in notices[0]
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))


def test_no_memory_for_a_single_line_is_said(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(batch_module, "new_state", never)
    monkeypatch.setattr(engine, "notice", lambda text: None)
    scheduler = engine.scheduler(4)
    ticket = scheduler.submit(Utterance(0, "x"))
    with pytest.raises(CsmError, match=r"not enough memory .* --quantize int8"):
        scheduler.poll()
    assert scheduler.unfinished == 1
    assert len(scheduler.output(ticket)) == 0


def test_other_errors_name_the_way_round_them(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("shapes do not match\nat some place")

    monkeypatch.setattr(batch_module, "decode_frame", broken)
    scheduler = engine.scheduler(4)
    scheduler.submit(Utterance(0, "x"))
    with pytest.raises(CsmError, match=r"failed on cpu \(shapes do not match\); try again with --eager"):
        scheduler.poll()
    monkeypatch.setattr(engine, "eager", True)
    scheduler = engine.scheduler(4)
    scheduler.submit(Utterance(0, "x"))
    with pytest.raises(RuntimeError, match="shapes"):
        scheduler.poll()


@torch.inference_mode()
def test_decoded_positions_are_those_of_a_prompt(each: Engine) -> None:
    """A slot's cache is the same whether frames were decoded or prefilled."""
    engine = each
    weights, prompter = engine.weights, engine.prompter
    line = Utterance(1, "hello", (VOICE,), seed=3, max_frames=8)
    content = prompter.content(line)
    decoded = new_state(weights, 4, 256, prompter.eos)
    hidden = prefill(decoded, Part(2, content, 0))
    admit(decoded, [Admission(2, line, len(content))], hidden[None])
    output = []
    for step in range(5):
        if step:
            decode_backbone(decoded, 4, 64)
        decode_frame(decoded, 4, prepare_noise(decoded))
        output.append(decoded.report[2, :-1].numpy().tobytes())
    prefilled = new_state(weights, 4, 256, prompter.eos)
    state = prefill(prefilled, Part(0, content + output[:4], 0))
    torch.testing.assert_close(state, decoded.hidden[2], rtol=1e-6, atol=1e-6)
    length = len(content) + 4
    assert int(decoded.numbers[2, Field.LENGTH]) == length
    for a, b in zip(decoded.cache.values, prefilled.cache.values, strict=True):
        torch.testing.assert_close(a[2, :, :length], b[0, :, :length], rtol=1e-6, atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("start", [0, 17])
def test_a_prompt_prefilled_as_one_sequence(engine: Engine, start: int) -> None:
    """The way of a GPU: padded, in one piece."""
    weights, prompter = engine.weights, engine.prompter
    content = prompter.content(Utterance(1, "hello", (VOICE, *CONTEXT)))
    one, other = (new_state(weights, 2, 256, prompter.eos) for _ in range(2))
    if start:
        prefill(one, Part(1, content[:start], 0), bucket=64)
    wanted = prefill(other, Part(0, content, 0))
    found = prefill(one, Part(1, content[start:], start), bucket=64)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for a, b in zip(one.cache.keys, other.cache.keys, strict=True):
        torch.testing.assert_close(a[1, :, : len(content)], b[0, :, : len(content)], rtol=1e-4, atol=1e-4)
    full = engine.max_positions - 3
    content = content[:1] * full
    wanted, found = prefill(other, Part(0, content, 0)), prefill(one, Part(1, content, 0), bucket=64)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_shared_prefix(first: list[int], second: list[int]) -> None:
    shared = shared_prefix(first, second)
    assert first[:shared] == second[:shared]
    assert shared == min(len(first), len(second)) or first[shared] != second[shared]


def test_the_least_used_prefixes_are_dropped(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.engine.layout.PREFIX_LIMIT", 40)
    scheduler = engine.scheduler(1)
    for seed in range(4):
        generate_all(scheduler, [Utterance(0, "x", (Segment(0, "v", frames(20, seed)),), max_frames=1)])
    assert len(scheduler._batch._prefixes._kept) == 1
