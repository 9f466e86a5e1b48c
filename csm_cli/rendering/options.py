"""How to render: what the command line offers, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from csm_cli.core.errors import UsageError
from csm_cli.delivery.options import Delivery
from csm_cli.engine import Sampler
from csm_cli.rendering.context import DEFAULT_TURNS
from csm_cli.rendering.line import RETRIES
from csm_cli.rendering.loop import ReferenceMode
from csm_cli.takes.lineage import Lineage
from csm_cli.takes.place import Place


@dataclass(frozen=True)
class RenderOptions:
    """How to render.

    Args:
        output: folder of the chapter files; None: one named like the script, in the current folder. Several
            scripts get a folder each inside it.
        chapters: numbers of the chapters wanted; None: all.
        delivery: the files that are made of what is spoken.
        batch: most lines spoken at once, at least 1.
        context_turns: turns of each speaker that a line hears.
        seed: of everything in the script that sets none; None: the script's own, else 0.
        temperature: of the sampler; None: the model's own.
        top_k: of the sampler; None: the model's own.
        model: folder, Hub repository or "demo"; None: see `choose_model`.
        device: auto, cpu, cuda or mps.
        dtype: fp32, bf16 or fp16; None: what suits the device.
        quantize: int8 or fp8; None: as it is.
        eager: turn every speed-up of the engine off.
        takes: folder or URL of the takes; None: `.csm/takes` beside the script.
        lineage: what becomes of a take that heard a line which has changed since: keep or strict.
        fresh: speak every line anew; pinned takes stay.
        retries: tries of a part beyond the first.
        verify: what is checked beside codes and sound: "asr", "voice".
        asr: the recogniser, as `load_recogniser` takes it.
        voice_model: folder of an x-vector model, or a GE2E checkpoint; None: the weights of resemblyzer.
        locked: stop if csm.lock says that takes would come out differently.
        reference: how a voice's clip is heard: as a turn "before" all others, or "continue"d by the line.
    """

    output: Path | None = None
    chapters: frozenset[int] | None = None
    delivery: Delivery = field(default_factory=Delivery)
    batch: int = 16
    context_turns: int = DEFAULT_TURNS
    seed: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    model: str | None = None
    device: str = "auto"
    dtype: str | None = None
    quantize: str | None = None
    eager: bool = False
    takes: Place | None = None
    lineage: Lineage = "keep"
    fresh: bool = False
    retries: int = RETRIES
    verify: frozenset[str] = frozenset()
    asr: str = "auto"
    voice_model: Path | None = None
    locked: bool = False
    reference: ReferenceMode = "before"

    def sampler(self, default: Sampler) -> Sampler:
        """The model's sampler with what was set here, which then counts for all codebooks."""
        if self.temperature is not None:
            default = replace(default, temperature=self.temperature, depth_temperature=None)
        if self.top_k is not None:
            default = replace(default, top_k=self.top_k, depth_top_k=None)
        return default


def parse_chapters(text: str) -> frozenset[int]:
    """Read "1-3,5".

    Raises:
        UsageError: it is not a list of numbers and ranges of at least 1.
    """
    numbers: set[int] = set()
    for item in text.split(","):
        first, dash, last = (part.strip() for part in item.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise _bad_chapters(item.strip() or text)
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= 99_999:
            raise _bad_chapters(item.strip())
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def format_chapters(numbers: list[int]) -> str:
    """The shortest text that `parse_chapters` reads as `numbers`."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, bounds)) for bounds in ranges)


def _bad_chapters(item: str) -> UsageError:
    return UsageError(f"{item!r} is not a chapter or a range", where="--chapters", remedy='write "1-3,5"')
