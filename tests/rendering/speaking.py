"""Speaking planned chains without a project around them."""

from __future__ import annotations

from dataclasses import replace

from csm_cli.rendering.chain import SpeakConfig, Work
from csm_cli.rendering.loop import speak_chains
from csm_cli.takes import ModelIdentity, TakeStore
from csm_cli.takes.lineage import TakeRepository
from csm_cli.takes.store import TakeWriter

MODEL = ModelIdentity("fake", "r1", "float32")


def for_model(chain, *, turns=3, model=MODEL):
    """A chain whose lines ask for takes of a model."""
    own = {"script": chain.screenplay.path, "model": model, "turns": turns}
    lines = tuple(replace(line, request=replace(line.request, **own)) for line in chain.lines)
    return replace(chain, lines=lines)


def speak_planned(
    engine, chains, *, batch=16, turns=3, references=None, store=None, come=lambda works: works, **policy
):
    """[(chain, its lines with their takes)] in the order of completion; `come`: how the chains come in."""
    store = store or TakeStore(None)
    with TakeWriter(store) as writer:
        repository = TakeRepository(writer, **policy)
        works = [Work(for_model(chain, turns=turns), references or {}, repository) for chain in chains]
        spoken = speak_chains(engine, come(works), SpeakConfig(batch, turns))
        return [(work.chain, lines) for work, lines in spoken]
