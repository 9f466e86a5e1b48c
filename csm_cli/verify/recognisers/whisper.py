"""Whisper by faster-whisper: int8 on a CPU, float16 on CUDA, lines of about one length in a batch.

Whisper's encoder reads a window of 30 s, silence included. Most lines are far shorter; a window of 10 s takes
a fifth of the time and gives the same words, as long as some silence follows the speech.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from csm_cli.audio.resample import resample
from csm_cli.core.errors import MissingError, UsageError, first_line
from csm_cli.verify.recognisers.recogniser import INSTALL, RATE, WHISPER
from csm_cli.verify.recognisers.whisper_models import (
    CHOICES,
    DEFAULT_SIZE,
    find_whisper,
    text_tokenizer,
)

BATCH = 8
FASTEST_WORDS_A_SECOND = 4.5
BEAM = 5
WINDOWS = (10, 20, 30)
"""Seconds; the last is Whisper's own, the longest."""
SILENCE_SECONDS = 2.0
"""Of silence at least behind the speech: with less, a line or its end is often transcribed twice."""
TOKENS_A_SECOND, LEAST_TOKENS = 12, 32
"""More than anyone speaks; ends a transcript that loops."""
MOST_TOKENS = 400
"""Of a text; Whisper has room for 448 with its prompt."""
STATES_A_SECOND = 50
"""Of the encoder's output; the features are twice as many."""


@contextmanager
def _without_pyav() -> Iterator[None]:
    """Keeps PyAV out of the process: faster-whisper imports it for reading files, csm hands over samples, and
    its wheels hold libraries under the GPL."""
    if "av" in sys.modules:
        yield
        return
    sys.modules["av"] = ModuleType("av")
    try:
        yield
    finally:
        del sys.modules["av"]


def without_loop(text: str, seconds: float) -> str:
    """A transcript of the same words two to four times over, once, if nobody could speak them in that time.

    In the silence behind a sound the decoder sometimes begins again.
    """
    words = text.split()
    plain = [word.strip(".,;:!?\"'").lower() for word in words]
    for times in (2, 3, 4):
        once = len(words) // times
        if once and plain == plain[:once] * times and len(words) > FASTEST_WORDS_A_SECOND * seconds:
            return " ".join(words[:once])
    return text


class Whisper:
    """A Whisper checkpoint; decoded by beam search at temperature 0, without timestamps.

    Args:
        model: as `find_whisper` takes it.
        language: given to a checkpoint of many languages.
        device: auto, cpu, cuda or mps; what is not CUDA runs on the CPU.

    Raises:
        MissingError: faster-whisper or the model is not there, or the model cannot be loaded.
        UsageError: it does not support the language.
    """

    def __init__(self, model: str, language: str = "en", device: str = "auto") -> None:
        with _without_pyav():
            try:
                from faster_whisper import WhisperModel
                from faster_whisper.tokenizer import Tokenizer
            except ImportError as error:
                raise MissingError(
                    "faster-whisper is not installed", where="--asr", remedy=INSTALL
                ) from error
        folder = find_whisper(model)

        import torch

        from csm_cli.engine.devices import pick_device

        cuda = pick_device(device).type == "cuda"
        self.name = f"Whisper {model.removeprefix(WHISPER).removeprefix(':') or DEFAULT_SIZE}"
        try:
            self._whisper: Any = WhisperModel(
                str(folder),
                device="cuda" if cuda else "cpu",
                compute_type="float16" if cuda else "int8",
                cpu_threads=torch.get_num_threads(),
                local_files_only=True,
            )
        except MemoryError:
            raise
        except Exception as error:  # tokenizers raises the bare one for a file that is damaged
            raise MissingError(
                f"the recogniser cannot be loaded ({first_line(error)})", where=model, remedy=CHOICES
            ) from error
        self._model = self._whisper.model
        short = language.lower().split("-")[0]
        if short not in self._whisper.supported_languages:
            raise UsageError(
                f"{self.name} does not know the language {language!r}",
                where="--asr",
                remedy="choose a Whisper of many languages",
            )
        self._tokens = Tokenizer(
            self._whisper.hf_tokenizer, self._model.is_multilingual, task="transcribe", language=short
        )
        self._words = text_tokenizer(folder)
        self._prompt = self._whisper.get_prompt(self._tokens, [], without_timestamps=True)

    def transcribe(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """As `Recogniser.transcribe`; in batches."""
        return [text for text, _ in self.weigh(sounds, rate, lambda place, text: ())]

    def weigh(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Callable[[int, str], Sequence[str]]
    ) -> list[tuple[str, list[float]]]:
        """As `Weighing.weigh`; a text's probability is that of its tokens, not of its end."""
        found: list[tuple[str, list[float]]] = [("", [])] * len(sounds)
        for places, encoded in self._encoded(sounds, rate):
            lengths = [sounds[place].size / rate for place in places]
            for place, seconds, states, transcript in zip(
                places, lengths, encoded, self._transcripts(encoded, max(lengths)), strict=True
            ):
                states = states[: round((seconds + SILENCE_SECONDS) * STATES_A_SECOND)]
                transcript = without_loop(transcript, seconds)
                found[place] = transcript, self._log_probabilities(states, texts(place, transcript))
        return found

    def align(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Sequence[str]
    ) -> list[list[tuple[float, float] | None]]:
        """As `Aligning.align`, by the attention that its heads for time pay to the sound."""
        found: list[list[tuple[float, float] | None]] = [[None] * len(text.split()) for text in texts]
        for places, encoded in self._encoded(sounds, rate):
            for place, states in zip(places, encoded, strict=True):
                seconds = sounds[place].size / rate
                states = states[: round((seconds + SILENCE_SECONDS) * STATES_A_SECOND)]
                found[place] = self._times(states, texts[place].split(), seconds)
        return found

    def _times(
        self, states: np.ndarray, words: Sequence[str], seconds: float
    ) -> list[tuple[float, float] | None]:
        """The span of each word, given the encoder output `[states, width]` of a sound."""
        tokens = [self._encode(" " + word) for word in words]
        ends = np.cumsum([len(each) for each in tokens], dtype=int)
        if not len(ends) or ends[-1] > MOST_TOKENS:
            return [None] * len(words)
        whole = [token for each in tokens for token in each]
        encoded = self._storage(states[None])
        (aligned,) = self._model.align(encoded, self._tokens.sot_sequence, [whole], 2 * len(states))
        # The state at which each token begins; the one behind the text ends its last word.
        begins = np.full(len(whole) + 1, np.nan)
        for token, state in reversed(aligned.alignments):
            begins[min(token, len(whole))] = state / STATES_A_SECOND
        begins[-1] = seconds if np.isnan(begins[-1]) else begins[-1]
        begins = np.minimum(begins, seconds)
        spans = [
            (float(begins[last - len(each)]), float(begins[last]))
            for each, last in zip(tokens, ends, strict=True)
        ]
        spoken = [any(map(str.isalnum, word)) for word in words]
        return [
            span if said and not np.isnan(span).any() else None
            for span, said in zip(spans, spoken, strict=True)
        ]

    def _transcripts(self, encoded: np.ndarray, seconds: float) -> list[str]:
        """The most likely text of each of a batch, the longest of which lasts `seconds`."""
        most = len(self._prompt) + LEAST_TOKENS + round(TOKENS_A_SECOND * min(seconds, WINDOWS[-1]))
        found = self._model.generate(
            self._storage(encoded), [self._prompt] * len(encoded), beam_size=BEAM, max_length=most
        )
        return [" ".join(self._tokens.decode(each.sequences_ids[0]).split()) for each in found]

    def _log_probabilities(self, states: np.ndarray, texts: Sequence[str]) -> list[float]:
        """Natural logarithm of each text's probability, given the encoder output `[states, width]`."""
        tokens = [self._encode(" " + text)[:MOST_TOKENS] for text in texts]
        if not tokens:
            return []
        encoded = self._storage(np.repeat(states[None], len(tokens), axis=0))
        found = self._model.align(encoded, self._tokens.sot_sequence, tokens, 2 * len(states))
        return [float(np.log(np.maximum(each.text_token_probs, 1e-9)).sum()) for each in found]

    def _encode(self, text: str) -> list[int]:
        return self._words.encode(text, add_special_tokens=False).ids

    def _encoded(self, sounds: Sequence[np.ndarray], rate: int) -> Iterator[tuple[list[int], np.ndarray]]:
        """(places in `sounds`, encoder output `[batch, states, width]`), batch by batch of one window."""
        rooms = [each - SILENCE_SECONDS for each in WINDOWS[:-1]]
        fitting = [sum(sound.size > room * rate for room in rooms) for sound in sounds]
        for number, window in enumerate(WINDOWS):
            places = [place for place, fits in enumerate(fitting) if fits == number]
            for at in range(0, len(places), BATCH):
                some = places[at : at + BATCH]
                features = np.stack([self._features(sounds[place], rate, window) for place in some])
                yield some, np.array(self._model.encode(self._storage(features), to_cpu=True))

    def _features(self, sound: np.ndarray, rate: int, window: int) -> np.ndarray:
        """Log mel energies of a sound with silence behind it, float32 `[mels, window * 100]`."""
        narrow = resample(sound, rate, RATE)[: window * RATE]
        padded = np.pad(narrow, (0, window * RATE - narrow.size))
        return self._whisper.feature_extractor(padded)[:, : 2 * window * STATES_A_SECOND]

    @staticmethod
    def _storage(array: np.ndarray) -> Any:
        from ctranslate2 import StorageView

        return StorageView.from_array(np.ascontiguousarray(array))
