"""How to render: what the command line offers, as one value. Importing this loads nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from csm_cli.core.errors import UsageError
from csm_cli.core.options import option, recalled, remembered
from csm_cli.core.stored import left_aside

if TYPE_CHECKING:
    from csm_cli.core.types import Sampler
    from csm_cli.delivery.options import Delivery
    from csm_cli.takes.place import Place


DEFAULT_BATCH = 16
DEFAULT_TURNS = 3
DEFAULT_RETRIES = 3

ReferenceMode = Literal["before", "continue"]
"""How a voice's clip is used: as a turn before all others, or as sound that the line itself goes on from."""


def parse_chapters(text: str | None) -> frozenset[int] | None:
    """Read "1-3,5"; None stays None.

    Raises:
        UsageError: it is not a list of numbers and ranges of at least 1.
    """
    if text is None:
        return None
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


def _default_delivery() -> Delivery:
    from csm_cli.delivery.options import Delivery

    return Delivery()


class Check(StrEnum):
    """What is checked beside codes and sound: the words, by a recogniser; the voice, by a speaker encoder."""

    asr = "asr"
    voice = "voice"


def _checks(wanted: list[Check] | None) -> frozenset[str]:
    return frozenset(check.value for check in wanted or ())


@dataclass(frozen=True)
class RenderOptions:
    """How to render. What each field is for, its `help` says; beyond that:

    Attributes:
        output: None: one folder named like the script, in the current one.
        chapters: numbers; None: all.
        delivery: the files that are made of what is spoken.
        reference: how a voice's clip is used; see `chain.ReferenceMode`.
        takes: folder or URL; None: `.csm/takes` beside the script.
        verify: of "asr" and "voice".
        asr: as `load_recogniser` takes it.
        voice_model: as `load_encoder` takes it.
        seed: None: the script's own, else 0.
        temperature, top_k: None: the model's own.
        model: None: see `choose_model`.
        dtype: None: what suits the device.
        quantize: None: nothing is rounded.
    """

    output: Path | None = option(
        None,
        "-o",
        "--output",
        metavar="DIR",
        help="Folder of the chapter files; several scripts get a folder each in it. "
        "Default: a folder named like the script, here. - streams a WAV of one script instead.",
    )
    chapters: frozenset[int] | None = option(
        None,
        "--chapters",
        metavar="1-3,5",
        kind=str | None,
        parse=parse_chapters,
        help="Render these chapters only.",
    )
    delivery: Delivery = field(default_factory=_default_delivery)
    batch: int = option(
        DEFAULT_BATCH,
        "--batch",
        min=1,
        metavar="N",
        help="Most chapters spoken side by side; with --play and -o -, one unless another number is given.",
    )
    context_turns: int = option(
        DEFAULT_TURNS,
        "--context-turns",
        min=0,
        metavar="N",
        help="Earlier lines of each speaker in a line's context, at most.",
        remembered=True,
    )
    reference: ReferenceMode = option(
        "before",
        "--reference",
        help="How a voice's clip is used: before all else, as a turn of its own, or continued by the line.",
        remembered=True,
    )
    takes: Place | None = None
    lineage: Literal["keep", "strict"] = option(
        "keep",
        "--lineage",
        help="When a line changes, those spoken after it are kept as stale, or (strict) spoken again.",
    )
    fresh: bool = option(False, "--fresh", help="Speak every line again, save those with a pinned take.")
    retries: int = option(
        DEFAULT_RETRIES,
        "--retries",
        min=0,
        max=9,
        metavar="N",
        help="Further tries of a faulty line.",
        remembered=True,
    )
    verify: frozenset[str] = option(
        frozenset(),
        "--verify",
        kind=list[Check] | None,
        parse=_checks,
        help="Beside codes and sound, check the words (asr) or the voice (voice); may be repeated.",
        remembered=True,
    )
    asr: str = option(
        "auto",
        "--asr",
        metavar="MODEL",
        help="The recogniser: whisper, whisper:SIZE, a Whisper checkpoint, or pocketsphinx. Default: "
        "whisper if it is installed and fetched, else pocketsphinx.",
        remembered=True,
    )
    voice_model: Path | None = option(
        None,
        "--voice-model",
        metavar="PATH",
        help="What tells voices apart: a folder of an x-vector model, or a GE2E checkpoint (.pt). Default: "
        "resemblyzer's, if installed.",
        remembered=True,
    )
    locked: bool = option(
        False, "--locked", help="Stop if csm.lock says that lines would come out differently."
    )
    seed: int | None = option(
        None,
        "--seed",
        min=0,
        metavar="N",
        help="Another seed gives another reading. Default: 0, or the script's own.",
        remembered=True,
    )
    temperature: float | None = option(
        None,
        "--temperature",
        metavar="T",
        min=0.0,
        max=5.0,
        help="Liveliness; 0 is always the likeliest. Default: the model's.",
        remembered=True,
    )
    top_k: int | None = option(
        None,
        "--top-k",
        min=0,
        metavar="N",
        help="Candidates that are drawn from; 0 for all. Default: the model's.",
        remembered=True,
    )
    model: str | None = option(
        None,
        "--model",
        metavar="MODEL",
        help="A folder, a Hub repository or 'demo'. Default: CSM_MODEL, else csm-1b if already downloaded, "
        "else the demo voice.",
        remembered=True,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option("auto", "--device", help="Where the model runs.")
    dtype: Literal["fp32", "bf16", "fp16"] | None = option(
        None,
        "--dtype",
        help="Number type. Default: bf16 on CUDA, else fp32.",
        remembered=True,
    )
    quantize: Literal["int8", "fp8"] | None = option(
        None,
        "--quantize",
        help="Round the layers' products: int8 (CPU, CUDA) or fp8 (CUDA).",
        remembered=True,
    )
    eager: bool = option(
        False, "--eager", help="Turn every speed-up off: the reference, if a fast path fails."
    )

    def sampler(self, default: Sampler) -> Sampler:
        """The model's sampler with what was set here, which then counts for all codebooks.

        The model's own value, set here, changes nothing.
        """
        if self.temperature is not None and self.temperature != default.temperature:
            default = replace(default, temperature=self.temperature, depth_temperature=None)
        if self.top_k is not None and self.top_k != default.top_k:
            default = replace(default, top_k=self.top_k, depth_top_k=None)
        return default

    def to_remember(self) -> dict[str, Any]:
        """What is needed to plan and speak a line again in the same way, as plain values."""
        return remembered(self) | {"titles": self.delivery.titles, "credits": self.delivery.credits}

    @classmethod
    def recall(
        cls,
        values: Mapping[str, Any],
        takes: Place | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> RenderOptions:
        """The options of an earlier rendering, as far as `to_remember` gave them.

        Args:
            note: called with a line about those that cannot be; they are as usual then.
        """
        from csm_cli.delivery.options import Delivery

        delivery = Delivery(titles=values.get("titles") is True, credits=values.get("credits") is True)
        problems: list[str] = []
        found = recalled(cls, values, problems.append)
        if problems:
            note(f"options of the last rendering are left out ({left_aside(problems)})")
        return cls(takes=takes, delivery=delivery, **found)


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
