"""Slots: a line says the same whatever is spoken beside it and however its prompt came to be known."""

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
from csm_cli.engine import scheduler as slots_module
from csm_cli.engine.devices import DoneFlags
from csm_cli.engine.linears import Int8, Packed, _runs
from csm_cli.engine.prompt import common
from csm_cli.engine.scheduler import BatchScheduler
from csm_cli.engine.state import enter, hear, new_state, prepare_noise, read, speak
from tests.engine.test_engine import HEARD, frames

VOICE = Segment(0, "the voice.", frames(12, 7))
SAMPLERS = [Sampler(0.9, 50), Sampler(0.0), Sampler(0.7, 5, 0.0, 0), Sampler(1.2, 0)]


def say_all(scheduler: BatchScheduler, lines: list[Utterance]) -> list[Any]:
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
    context=st.sampled_from([(), (VOICE,), (VOICE, *HEARD), HEARD]),
    seed=st.integers(0, 2**64 - 1),
    max_frames=st.integers(1, 12),
    sampler=st.sampled_from(SAMPLERS),
)


@settings(max_examples=6, deadline=None)
@given(lines=st.lists(LINE, min_size=1, max_size=9), count=st.sampled_from([1, 2, 5, 16]), late=st.booleans())
def test_a_line_says_what_it_says_alone(each: Engine, lines: list[Utterance], count: int, late: bool) -> None:
    engine = each
    scheduler = engine.scheduler(count)
    scheduler._flags = DoneFlags(engine.device, late)
    for line, speech in zip(lines, say_all(scheduler, lines), strict=True):
        (alone,) = engine.speak([line])
        assert same(speech, alone)


@pytest.mark.parametrize("how", [{}, {"eager": True}, {"quantize": "int8"}], ids=["fast", "eager", "int8"])
def test_lines_are_the_same_in_one_slot_and_in_many(folder: Path, how: dict[str, Any]) -> None:
    """Sixteen slots are refilled, one is refilled all the time, twenty are not."""
    if "quantize" in how and not _runs(Int8):
        pytest.skip("no 8-bit products on this processor")
    engine = Engine.load(folder, "cpu", **how)
    contexts = ((), (VOICE,), (VOICE, *HEARD))
    lines = [
        Utterance(n % 3, "word " * (n % 4 + 1), contexts[n % 3], n, 1 + n % 5, SAMPLERS[n % 4])
        for n in range(20)
    ]
    alone = say_all(engine.scheduler(1), lines)
    for count in (16, 20):
        together = say_all(engine.scheduler(count), lines)
        assert all(same(a, b) for a, b in zip(together, alone, strict=True))


@pytest.mark.skipif(not _runs(Packed), reason="this processor's products differ with the number of rows")
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
        states.append(scheduler._state)
    long = states[0]
    for short in states[1:]:
        assert torch.equal(long.hidden[0], short.hidden[0])
        for a, b in zip(long.cache.keys, short.cache.keys, strict=True):
            assert torch.equal(a[0, :, :20], b[0, :, :20])


def test_a_chain_goes_on_where_it_stopped(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line hears the voice and all lines before it; only what is new is read."""
    texts = ["one fine day", "another", "and the last of them"]
    positions: list[int] = []
    real = slots_module.read

    def counting(state: Any, row: int, embeds: torch.Tensor, start: int, bucket: int) -> torch.Tensor:
        positions.append(len(embeds))
        return real(state, row, embeds, start, bucket)

    def tell(scheduler: BatchScheduler, alone: bool) -> list[Any]:
        context, told = (VOICE,), []
        for number, text in enumerate(texts):
            line = Utterance(0, text, context, seed=number, max_frames=9)
            chosen = engine.scheduler(1) if alone else scheduler
            (speech,) = say_all(chosen, [line])
            told.append(speech)
            context = (*context, Segment(0, text, speech.codes[:-1]))
        return told

    apart = tell(engine.scheduler(1), alone=True)
    monkeypatch.setattr(slots_module, "read", counting)
    together = tell(engine.scheduler(2), alone=False)
    assert all(same(a, b) for a, b in zip(apart, together, strict=True))
    voice = engine.positions((VOICE,))
    own = [engine.positions((), Utterance(0, text)) for text in texts]
    # The end of the turn before and the line itself; the voice was read once.
    assert positions == [voice, own[0], 1 + own[1], 1 + own[2]]


def test_a_voice_is_read_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Utterance(0, f"line {n}", (VOICE,), seed=n, max_frames=4) for n in range(6)]
    wanted = [engine.speak([line])[0] for line in lines]
    starts: list[int] = []
    real = slots_module.read

    def noting(state: Any, row: int, embeds: torch.Tensor, start: int, bucket: int) -> torch.Tensor:
        starts.append(start)
        return real(state, row, embeds, start, bucket)

    monkeypatch.setattr(slots_module, "read", noting)
    found = say_all(engine.scheduler(2), lines)
    assert starts.count(0) == 1
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))
    starts.clear()
    engine.eager = True
    try:
        found = say_all(engine.scheduler(2), lines)
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
    assert len(scheduler.spoken(first)) == 3
    third = scheduler.submit(replace(short, seed=3))
    scheduler.advance()
    assert len(scheduler.spoken(first)) == 4
    assert len(scheduler.spoken(third)) == 1
    assert dict(scheduler.poll()).keys() == {third}
    ((last, speech),) = scheduler.poll()
    assert last == first
    assert same(speech, engine.speak([long])[0])
    assert scheduler.poll() == []


@pytest.mark.parametrize("message", ["CUDA out of memory.", "DefaultCPUAllocator: can't allocate memory"])
def test_out_of_memory_halves_the_slots_and_loses_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    lines = [Utterance(n % 2, "line", (VOICE,), seed=n, max_frames=6 + n) for n in range(7)]
    wanted = [engine.speak([line])[0] for line in lines]
    real, calls = slots_module.speak, [0]

    def greedy_for_memory(state: Any, rows: int, noise: Any) -> None:
        calls[0] += 1
        if state.scheduler > 4 and calls[0] > 3:
            raise RuntimeError(message)
        real(state, rows, noise)

    monkeypatch.setattr(slots_module, "speak", greedy_for_memory)
    notices: list[str] = []
    monkeypatch.setattr(engine, "notice", notices.append)
    scheduler = engine.scheduler(8)
    found = say_all(scheduler, lines)
    assert scheduler.count == 4
    assert len(notices) == 1
    assert "going on with 4 lines" in notices[0]
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))


def test_no_memory_for_a_single_line_is_said(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(slots_module, "new_state", never)
    monkeypatch.setattr(engine, "notice", lambda text: None)
    scheduler = engine.scheduler(4)
    ticket = scheduler.submit(Utterance(0, "x"))
    with pytest.raises(CsmError, match=r"not enough memory .* --quantize int8"):
        scheduler.poll()
    assert scheduler.unfinished == 1
    assert len(scheduler.spoken(ticket)) == 0


def test_other_errors_name_the_way_round_them(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("shapes do not match\nat some place")

    monkeypatch.setattr(slots_module, "speak", broken)
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
def test_spoken_positions_are_those_of_a_prompt(each: Engine) -> None:
    """What a slot holds after speaking is what it would hold if it had been read."""
    engine = each
    weights, prompter = engine.weights, engine.prompter
    line = Utterance(1, "hello", (VOICE,), seed=3, max_frames=8)
    content = prompter.content(line)
    spoken = new_state(weights, 4, 256, prompter.eos)
    hidden = read(spoken, 2, prompter.embed(content, weights), 0)
    enter(spoken, 2, hidden, len(content), 3, line.sampler, 8, torch.zeros(0, 5, dtype=torch.int16))
    for step in range(5):
        if step:
            hear(spoken, 4, 64)
        speak(spoken, 4, prepare_noise(spoken))
    heard = [frame.tobytes() for frame in spoken.spoken[2, :4].numpy()]
    told = new_state(weights, 4, 256, prompter.eos)
    state = read(told, 0, prompter.embed(content + heard, weights), 0)
    torch.testing.assert_close(state, spoken.hidden[2], rtol=1e-6, atol=1e-6)
    length = len(content) + 4
    assert int(spoken.lengths[2]) == length
    for a, b in zip(spoken.cache.values, told.cache.values, strict=True):
        torch.testing.assert_close(a[2, :, :length], b[0, :, :length], rtol=1e-6, atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("start", [0, 17])
def test_a_prompt_read_as_one_sequence(engine: Engine, start: int) -> None:
    """The way of a GPU: padded, in one piece."""
    weights, prompter = engine.weights, engine.prompter
    content = prompter.content(Utterance(1, "hello", (VOICE, *HEARD)))
    embeds = prompter.embed(content, weights)
    one, other = (new_state(weights, 2, 256, prompter.eos) for _ in range(2))
    if start:
        read(one, 1, embeds[:start], 0, bucket=64)
    wanted, found = read(other, 0, embeds, 0), read(one, 1, embeds[start:], start, bucket=64)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for a, b in zip(one.cache.keys, other.cache.keys, strict=True):
        torch.testing.assert_close(a[1, :, : len(content)], b[0, :, : len(content)], rtol=1e-4, atol=1e-4)
    full = engine.max_positions - 3
    embeds = embeds[:1].expand(full, -1)
    wanted, found = read(other, 0, embeds, 0), read(one, 1, embeds, 0, bucket=64)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_beginnings(first: list[int], second: list[int]) -> None:
    shared = common(first, second)
    assert first[:shared] == second[:shared]
    assert shared == min(len(first), len(second)) or first[shared] != second[shared]


def test_the_least_used_beginnings_are_forgotten(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_cli.engine.prompt.LIMIT", 40)
    scheduler = engine.scheduler(1)
    for seed in range(4):
        say_all(scheduler, [Utterance(0, "x", (Segment(0, "v", frames(20, seed)),), max_frames=1)])
    assert len(scheduler._kept._found) == 1
