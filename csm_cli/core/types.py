"""Inputs and outputs of the engine. numpy only: importing this never loads torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_MAX_CHARACTERS = 250
"""Longest text that a model reads well, if its config.json states no `max_characters`."""

Codes = NDArray[np.int16]
"""Codec codes, int16 `[frames, codebooks]`; one frame is 80 ms (1920 samples at 24 kHz)."""


def as_codes(value: Any) -> Codes:
    """Return `value` as contiguous int16 `[frames, codebooks]`.

    Raises:
        ValueError: it is not two-dimensional or holds a value outside 0..32767.
    """
    codes = np.asarray(value)
    if codes.ndim != 2:
        raise ValueError(f"codes must be [frames, codebooks], got shape {codes.shape}")
    if codes.size and (codes.min() < 0 or codes.max() > np.iinfo(np.int16).max):
        raise ValueError(f"codes must lie in 0..32767, got {codes.min()}..{codes.max()}")
    return np.ascontiguousarray(codes, dtype=np.int16)


@dataclass(frozen=True, eq=False)
class Segment:
    """One turn of context: text with its audio.

    Args:
        speaker: speaker tag, 0 or more; the number in `[speaker]text`.
        text: of the turn, in spoken form.
        codes: of its audio, int16 `[frames, codebooks]`, without an EOS frame.

    Raises:
        ValueError: as `as_codes`.
    """

    speaker: int
    text: str
    codes: Codes

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", as_codes(self.codes))


@dataclass(frozen=True)
class Sampler:
    """How codes are sampled. Temperature 0 is greedy; top_k 0 means no limit.

    Args:
        temperature: of the first codebook (backbone), at least 0.
        top_k: number of candidates kept for the first codebook, at least 0.
        depth_temperature: of the other codebooks; None: as the backbone.
        depth_top_k: of the other codebooks; None: as the backbone.

    Raises:
        ValueError: a number below 0.
    """

    temperature: float = 0.9
    top_k: int = 50
    depth_temperature: float | None = None
    depth_top_k: int | None = None

    def __post_init__(self) -> None:
        for name in ("temperature", "top_k", "depth_temperature", "depth_top_k"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must be 0 or more, got {value}")

    @property
    def depth(self) -> tuple[float, int]:
        """(temperature, top_k) of codebooks 1 and up."""
        return (
            self.temperature if self.depth_temperature is None else self.depth_temperature,
            self.top_k if self.depth_top_k is None else self.depth_top_k,
        )


@dataclass(frozen=True, eq=False)
class Utterance:
    """One line to generate.

    Args:
        speaker: speaker tag, 0 or more.
        text: of the line, in spoken form.
        context: turns before it, oldest first; the voice reference comes first of all.
        seed: of this line's noise; only the lowest 64 bits count. Same seed, same prompt, same codes.
        max_frames: frames (80 ms each) after which the line is cut off, at least 1.
        lead: audio that the line continues without a break, in one segment with it: its words stand before
            the line's, under the line's tag, and its frames are followed by the line's.

    Raises:
        ValueError: `max_frames` is below 1.
    """

    speaker: int
    text: str
    context: tuple[Segment, ...] = ()
    seed: int = 0
    max_frames: int = 125
    sampler: Sampler = field(default_factory=Sampler)
    lead: Segment | None = None

    def __post_init__(self) -> None:
        if self.max_frames < 1:
            raise ValueError(f"max_frames must be 1 or more, got {self.max_frames}")
        object.__setattr__(self, "context", tuple(self.context))

    def says_the_same(self, other: Utterance) -> bool:
        """Whether the same codes come of it."""

        def content(of: Utterance) -> Any:
            parts = (*of.context, *((of.lead,) if of.lead else ()))
            segments = [(each.speaker, each.text, each.codes.tobytes()) for each in parts]
            return of.speaker, of.text, segments, of.seed, of.max_frames, of.sampler, of.lead is None

        return content(self) == content(other)


@dataclass(frozen=True, eq=False)
class Speech:
    """A generated line.

    Args:
        codes: int16 `[frames, codebooks]`, the EOS frame cut off; no rows if the first frame was EOS.
        ended: True if an EOS frame came; False if `max_frames` cut the line off.
    """

    codes: Codes
    ended: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", as_codes(self.codes))


def sampler_of(settings: Mapping[str, Any]) -> Sampler:
    """The sampler of a `generation_config.json`; temperature 0.9 and top-k 50 where it has none."""

    def value(name: str, default: Any, prefix: str = "") -> Any:
        found = settings.get(prefix + name)
        return default if found is None else found

    sampled = value("do_sample", True)
    temperature = float(value("temperature", 0.9)) if sampled else 0.0
    top_k = int(value("top_k", 50))
    depth_sampled = value("do_sample", sampled, "depth_decoder_")
    depth_temperature = float(value("temperature", temperature or 0.9, "depth_decoder_"))
    return Sampler(
        temperature,
        top_k,
        depth_temperature if depth_sampled else 0.0,
        int(value("top_k", top_k, "depth_decoder_")),
    )


def cues_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The cues such as "laughs" that a checkpoint has learned, as its config lists them."""
    listed = config.get("cues")
    return tuple(filter(None, map(str, listed))) if isinstance(listed, list) else ()


def plain_ids(encode: Callable[[str], list[int]], reserved: Mapping[int, str], text: str) -> list[int]:
    """Token ids of `text`, in which strings such as `<|AUDIO|>` are encoded as ordinary characters.

    Args:
        encode: text → ids; set to treat special tokens as text, where the tokenizer has that option.
        reserved: ids and strings of the tokens that may not occur. Strings of one character may: they are
            letters.
    """
    ids = encode(text)
    names = {i: name for i, name in reserved.items() if len(name) > 1}
    if not names.keys() & set(ids):
        return ids
    # Cut behind the first character of each reserved string: neither part can match it.
    pattern = "|".join(re.escape(name) for name in sorted(names.values(), key=len, reverse=True))
    cuts = [match.start() + 1 for match in re.finditer(pattern, text)]
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [i for part in parts if part for i in encode(part)]
