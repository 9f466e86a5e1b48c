"""An utterance → its prompt: the text ids and audio frames that are prefilled. torch is not needed.

    context segment:  BOS [speaker]text END  frame … frame  EOS frame
    the line itself:  BOS [speaker]text END
    … with a lead:    BOS [speaker]lead's text text END  frame … frame

The first frame follows END directly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.errors import CsmError, MissingError, first_line, is_foreign
from csm_cli.core.reading import read_file
from csm_cli.core.runtime import quiet_stderr
from csm_cli.core.types import Codes, Segment, Utterance, plain_ids

BOS, END = "<|begin_of_text|>", "<|end_of_text|>"
MAX_TOKENIZER_BYTES = 64 << 20
"""csm-1b's has 17 MB."""

MAX_GROWTH = 64
"""Times that a text may get longer before it is encoded. Of CSM's tokenizer: 1."""
_PROBE = "[0]"
"""How a text begins, which any tokenizer for CSM encodes."""

Position = int | bytes
"""What stands at a position: the id of a text token, or a frame as the bytes of its int16 codes `[K]`."""


class Prompter:
    """Builds prompts.

    Args:
        tokenizer_file: `tokenizer.json`.
        config: the checkpoint's config.

    Raises:
        MissingError: the tokenizer cannot be read or lacks BOS or END.
    """

    def __init__(self, tokenizer_file: Path, config: dict[str, Any]) -> None:
        try:
            self.tokenizer = _tokenizer(read_file(tokenizer_file, MAX_TOKENIZER_BYTES))
        except BaseException as error:  # the Rust side raises bare Exception, and panics
            if not is_foreign(error):
                raise
            reason = getattr(error, "strerror", None) or first_line(error)
            raise MissingError(
                f"cannot be read ({reason})", where=str(tokenizer_file), remedy="get the checkpoint again"
            ) from error
        self.bos, self.end = self._special(BOS, config), self._special(END, config)
        self._num_texts: int = config.get("text_vocab_size", 1 << 32)
        self.num_codebooks: int = config["num_codebooks"]
        self.num_codes: int = min(config["vocab_size"], config["codec_config"]["codebook_size"])
        self.eos: int = config.get("codebook_eos_token_id", 0)
        added = self.tokenizer.get_added_tokens_decoder()
        self._reserved = {i: token.content for i, token in added.items()}
        self._ids: dict[str, tuple[int, ...]] = {}

    def _special(self, token: str, config: dict[str, Any]) -> int:
        found = self.tokenizer.token_to_id(token)
        if found is None:
            found = config.get("bos_token_id" if token == BOS else "eos_token_id")
        if not isinstance(found, int):
            raise MissingError(f"the tokenizer has no {token}", remedy="use a checkpoint with CSM's tokens")
        return found

    def text_ids(self, speaker: int, text: str) -> tuple[int, ...]:
        """BOS, the ids of `[speaker]text`, END."""
        tagged = f"[{speaker}]{text}"
        if tagged not in self._ids:
            ids = plain_ids(self._plain, self._reserved, tagged)
            if max(ids, default=0) >= self._num_texts:
                what = f"the tokenizer gives id {max(ids)}, the model has {self._num_texts}"
                raise CsmError(what, remedy="use a checkpoint with its own tokenizer")
            if len(self._ids) > 4096:
                self._ids.clear()
            self._ids[tagged] = (self.bos, *ids, self.end)
        return self._ids[tagged]

    def _plain(self, text: str) -> list[int]:
        try:
            return _ids(self.tokenizer, text)
        except BaseException as error:
            if not is_foreign(error):
                raise
            what = f"the tokenizer cannot encode {text[:40]!r} ({first_line(error)})"
            raise CsmError(what, remedy="use a checkpoint with CSM's tokens") from error

    def positions(self, segments: Sequence[Segment], utterance: Utterance | None = None) -> int:
        """Positions that segments take, text, frames and one EOS frame each, and the utterance's own text."""
        count = sum(len(self.text_ids(part.speaker, part.text)) + len(part.codes) + 1 for part in segments)
        return count + (len(self._line(utterance)) if utterance else 0)

    def _line(self, utterance: Utterance) -> list[Position]:
        """What stands at the positions of an utterance's own text and its lead."""
        lead = utterance.lead
        if lead is None:
            return list(self.text_ids(utterance.speaker, utterance.text))
        self.check_codes(lead.codes)
        words = self.text_ids(utterance.speaker, f"{lead.text} {utterance.text}")
        return [*words, *(frame.tobytes() for frame in lead.codes)]

    def check_codes(self, codes: Codes) -> None:
        """Refuse codes that are not of this model.

        Raises:
            CsmError: another number of codebooks, or a code the codec does not have.
        """
        if codes.shape[1] != self.num_codebooks:
            raise CsmError(
                f"codes have {codes.shape[1]} codebooks, this model has {self.num_codebooks}",
                remedy="encode the audio again with this model",
            )
        if codes.size and int(codes.max()) >= self.num_codes:
            raise CsmError(f"code {int(codes.max())} is not below {self.num_codes}, the codec's last")

    def content(self, utterance: Utterance) -> list[Position]:
        """What stands at each position of the prompt. Prompts that begin alike give lists that begin alike.

        Raises:
            CsmError: a context is not of this model.
        """
        found: list[Position] = []
        ending = np.full(self.num_codebooks, self.eos, dtype=np.int16).tobytes()
        for segment in utterance.context:
            self.check_codes(segment.codes)
            found += self.text_ids(segment.speaker, segment.text)
            found += [frame.tobytes() for frame in segment.codes]
            found.append(ending)
        return found + self._line(utterance)


def shared_prefix(first: Sequence[Position], second: Sequence[Position]) -> int:
    """How many positions two prompts share from the beginning."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def keys_of(prompt: Sequence[Position]) -> np.ndarray:
    """A hash of each position, int64 `[positions]`, by which prompts are compared quickly."""
    return np.fromiter(map(hash, prompt), np.int64, len(prompt))


def matched(prompts: Sequence[np.ndarray], caches: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Pair each prompt with a cache that holds much of its beginning: the pair with most of it first.

    Args:
        prompts, caches: `keys_of` each; no more prompts than caches.

    Returns:
        (number of the prompt, number of its cache).
    """
    shared = [(-_shared(one, other), i, j) for i, one in enumerate(prompts) for j, other in enumerate(caches)]
    found: dict[int, int] = {}
    for _, i, j in sorted(shared):
        if i not in found and j not in found.values():
            found[i] = j
    return list(found.items())


def _shared(first: np.ndarray, second: np.ndarray) -> int:
    """As `shared_prefix`, of keys."""
    count = min(len(first), len(second))
    differ = first[:count] != second[:count]
    place = int(differ.argmax()) if count else 0
    return place if count and differ[place] else count


def _tokenizer(data: bytes) -> Any:
    """The tokenizer of a file: what users write is text to it, also the string of a special token.

    Raises:
        Exception, PanicException: it cannot be used.
    """
    from tokenizers import Tokenizer

    with quiet_stderr():  # panics print where they happened
        tokenizer = Tokenizer.from_buffer(data)
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        steps = [each for each in (tokenizer.normalizer, tokenizer.pre_tokenizer) if each is not None]
        if prod(_growth(json.loads(each.__getstate__())) for each in steps) > MAX_GROWTH:
            raise ValueError("it makes texts too long")
        _ids(tokenizer, _PROBE)
    return tokenizer


def _growth(step: dict[str, Any]) -> int:
    """How many times longer a text can get by what is done before it is encoded."""
    found = 1
    for each in (*step.get("normalizers", ()), *step.get("pretokenizers", ())):
        found = min(found * _growth(each), MAX_GROWTH + 1)
    own = len(step.get("content", "")), len(step.get("prepend", "")), 2 * (step.get("type") == "ByteLevel")
    return found * max(1, *own)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids
