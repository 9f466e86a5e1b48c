"""An utterance → its prompt: the text ids and audio frames that are prefilled. torch is not needed.

    context segment:  BOS [speaker]text END  frame … frame  EOS frame
    the line itself:  BOS [speaker]text END
    … with a lead:    BOS [speaker]lead's text text END  frame … frame

The first frame follows END directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.errors import CsmError, MissingError
from csm_cli.core.reading import read_file
from csm_cli.core.types import Codes, Segment, Utterance, plain_ids

BOS, END = "<|begin_of_text|>", "<|end_of_text|>"
MAX_TOKENIZER_BYTES = 64 << 20
"""csm-1b's has 17 MB."""

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
        from tokenizers import Tokenizer

        try:
            self.tokenizer = Tokenizer.from_buffer(read_file(tokenizer_file, MAX_TOKENIZER_BYTES))
        except Exception as error:  # the Rust side raises bare Exception
            reason = getattr(error, "strerror", None) or error
            raise MissingError(f"cannot be read ({reason})", where=str(tokenizer_file)) from error
        # What users write is text: the string of a special token in it becomes ordinary tokens.
        self.tokenizer.encode_special_tokens = True
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.bos, self.end = self._special(BOS, config), self._special(END, config)
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
            if len(self._ids) > 4096:
                self._ids.clear()
            self._ids[tagged] = (self.bos, *ids, self.end)
        return self._ids[tagged]

    def _plain(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

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
