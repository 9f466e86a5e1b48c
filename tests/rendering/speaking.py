"""Speaking planned chains without a project around them."""

from __future__ import annotations

from csm_cli.engine import Sampler
from csm_cli.rendering.loop import SpeakConfig, Work, speak_chains
from csm_cli.rendering.progress import Progress
from csm_cli.takes import LineRequest, ModelIdentity, TakeStore, VoiceIdentity
from csm_cli.takes.lineage import Chooser
from csm_cli.takes.repository import TakeRepository
from csm_cli.takes.store import TakeWriter

MODEL = ModelIdentity("fake", "r1", "float32")


def ask(chain, *, turns=3, model=MODEL):
    """What every line of a chain is asked for."""
    return tuple(
        LineRequest(
            chain.screenplay.path,
            line.id,
            line.line.speaker,
            line.line.text,
            line.parts,
            VoiceIdentity(line.voice, "", line.tag),
            model,
            Sampler(),
            line.seed,
            line.occurrence,
            turns,
        )
        for line in chain.lines
    )


def speak_planned(
    engine, chains, *, batch=16, turns=3, references=None, store=None, come=lambda works: works, **policy
):
    """[(chain, its lines with their takes)] in the order of completion; `come`: how the chains come in."""
    store = store or TakeStore(None)
    with TakeWriter(store) as writer:
        desk = TakeRepository(Chooser(store, **policy), writer)
        works = [Work(chain, ask(chain, turns=turns), references or {}, desk) for chain in chains]
        return list(speak_chains(engine, come(works), SpeakConfig(batch, turns), Progress()))
