"""The next piece is spoken while the last is decoded and judged: the same takes, whatever was foreseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csm_cli.engine import Segment, Utterance
from csm_cli.engine.decoding import LineDecoder
from csm_cli.rendering.chain import SpeakConfig, Work
from csm_cli.rendering.loop import speak_chains
from csm_cli.rendering.plan import plan_screenplay
from csm_cli.script import read_screenplay
from csm_cli.takes import TakeStore
from csm_cli.takes.lineage import TakeRepository
from csm_cli.takes.store import TakeWriter
from tests.rendering.fake_engine import FakeEngine, FakeSlots, capped, silent
from tests.rendering.speaking import for_model


class SlowDecoder(FakeEngine):
    """Decodes in a thread, which is given lines when nothing else is left to be spoken.

    Args:
        spoilt: whether the sound of some lines is clipped.

    Attributes:
        given_up: tickets.
        early: utterances spoken before anything was decoded.
    """

    def __init__(self, spoilt: bool = False, **options: Any):
        super().__init__(**options)
        self.spoilt, self.given_up, self.early = spoilt, [], 0
        self._decoding = False

    def scheduler(self, count: int) -> FakeSlots:
        engine = self

        class Slots(FakeSlots):
            def cancel(self, ticket: int) -> None:
                engine.given_up.append(ticket)
                super().cancel(ticket)

        return Slots(self)

    def line_decoder(self) -> LineDecoder[Any]:
        return LineDecoder(self.decode, 1, gather=100)

    def speak(self, utterances: list[Utterance]) -> list[Any]:
        self.early += 0 if self._decoding else len(utterances)
        return super().speak(utterances)

    def _tone(self, codes: np.ndarray) -> np.ndarray:
        self._decoding, tone = True, super()._tone(codes)
        if self.spoilt and len(codes) and codes[0, 0] % 2:
            tone[1000:1200] = 1.0
        return tone


@pytest.fixture(autouse=True)
def _all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are decoded when none is left to be spoken, however long that takes."""
    monkeypatch.setattr("csm_cli.engine.decoding._PATIENCE", 60.0)


def speak(script, ahead: bool, *, store: TakeStore | None = None, retries: int = 4, **options: Any):
    """([id, context, faults and tries of each take], the engine)."""
    chains = plan_screenplay(read_screenplay(script), {"narrator": 0, "Anna": 1})
    engine = SlowDecoder(**options)
    voice = Segment(0, "the voice.", np.ones((12, 4), dtype=np.int16))
    references = {
        (tag, name): voice
        for chain in chains
        for tag, name in {(each.tag, each.voice) for each in chain.lines}
    }
    with TakeWriter(store or TakeStore(None)) as writer:
        works = [Work(for_model(chain), references, TakeRepository(writer)) for chain in chains]
        done = dict(speak_chains(engine, works, SpeakConfig(4, 3, retries, ahead=ahead)))
    takes = [line.take for work in works for line in done[work]]
    return [(take.id, take.context, take.reasons, take.tries) for take in takes], engine


def first_tries(fault):
    """Something wrong with the first try of about half of the lines."""
    seen: set[str] = set()

    def fail(utterance: Utterance):
        if utterance.text in seen or len(utterance.text) % 2:
            return None
        seen.add(utterance.text)
        return fault(utterance)

    return fail


@pytest.mark.parametrize("fault", [None, capped, silent])
@pytest.mark.parametrize("retries", [0, 4])
def test_what_the_codes_show_is_foreseen(script, fault, retries):
    fails = [first_tries(fault) if fault else None for _ in range(2)]
    takes, engine = speak(script, True, retries=retries, fail=fails[0])
    wanted, plain = speak(script, False, retries=retries, fail=fails[1])
    assert takes == wanted
    assert sorted(each.seed for each in engine.asked) == sorted(each.seed for each in plain.asked)
    assert not engine.given_up
    assert engine.early > plain.early, "nothing waits for the sound"


@pytest.mark.parametrize("retries", [0, 4])
def test_what_the_sound_shows_is_not_and_is_put_right(script, retries):
    takes, engine = speak(script, True, retries=retries, spoilt=True)
    wanted, _ = speak(script, False, retries=retries, spoilt=True)
    assert takes == wanted
    assert any(tries > 1 or reasons for _, _, reasons, tries in takes)
    assert engine.given_up


def test_takes_that_are_there_are_not_spoken_ahead(script):
    store = TakeStore(None)
    takes, _ = speak(script, True, store=store)
    again, engine = speak(script, True, store=store)
    assert again == takes and not engine.asked


def test_utterances_that_say_the_same():
    one = Utterance(0, "a", (Segment(0, "b", np.zeros((2, 4), dtype=np.int16)),), seed=1)
    assert one.says_the_same(Utterance(0, "a", (Segment(0, "b", np.zeros((2, 4), dtype=np.int16)),), seed=1))
    for other in (
        Utterance(0, "a", (Segment(0, "b", np.ones((2, 4), dtype=np.int16)),), seed=1),
        Utterance(0, "a", (), seed=1),
        Utterance(0, "a", one.context, seed=2),
        Utterance(0, "a", (), seed=1, lead=one.context[0]),
    ):
        assert not one.says_the_same(other)
