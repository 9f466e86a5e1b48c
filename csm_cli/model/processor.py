"""Texts and audio → what `CsmForConditionalGeneration` takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import ProcessorMixin

from csm_cli.core.types import plain_ids
from csm_cli.model.merge import Audio, as_array, audio_list, load_audio
from csm_cli.model.outputs import BACKBONE_ONLY, IGNORE

BOS, END, AUDIO, AUDIO_EOS = "<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>"


class CsmProcessor(ProcessorMixin):
    """A tokenizer and a feature extractor.

    Two ways in. `apply_chat_template` takes conversations: what stands in their texts is only text.
    `__call__` takes prompts written out, in which `<|AUDIO|>` and the other special strings have their
    meaning.

    Attributes:
        samples_per_frame: of the codec: audio of n samples fills ceil(n / samples_per_frame) positions.
    """

    samples_per_frame = 1920

    def __init__(self, feature_extractor: Any, tokenizer: Any, chat_template: str | None = None) -> None:
        self.bos_id, self.end_id, self.audio_token_id, self.audio_eos_token_id = (
            tokenizer.convert_tokens_to_ids(token) for token in (BOS, END, AUDIO, AUDIO_EOS)
        )
        self.audio_token, self.audio_eos_token = AUDIO, AUDIO_EOS
        super().__init__(feature_extractor, tokenizer, chat_template=chat_template)

    def __call__(
        self,
        text: str | Sequence[str] | None = None,
        audio: Any = None,
        output_labels: bool = False,
        depth_decoder_labels_ratio: float = 1.0,
        *,
        add_special_tokens: bool = False,
        return_tensors: str = "pt",
        sampling_rate: int | None = None,
        **unused: Any,
    ) -> BatchFeature:
        """Prompts as written, special strings included.

        Args:
            text: one prompt or several, such as `[0]Hello.`; `<|AUDIO|>` once for each audio. None: audio
                alone, a row for each.
            audio: mono audio `[samples]`, a file, or a dict of `array` and `sampling_rate`; one or a list, in
                the order of the `<|AUDIO|>`.
            output_labels: add `labels`, by kind, for `CsmForConditionalGeneration.forward`.
            depth_decoder_labels_ratio: share of audio frames that the depth decoder is trained on.
            add_special_tokens: let the tokenizer put BOS and END around each text.
            sampling_rate: of the audio, to be checked.

        Returns:
            `input_ids` and `attention_mask` `[B, T]`, padded on the left; with audio `input_values`
            `[B, 1, samples]` and `input_values_cutoffs` `[B, audios]`. Audio alone: these two.

        Raises:
            ValueError: texts and audios do not match, the audio is not mono, or another return_tensors.
        """
        if return_tensors != "pt":
            raise ValueError("only return_tensors='pt' is supported")
        if text is None and audio is not None and not output_labels:
            return self._audio_alone(
                audio, (unused.get("audio_kwargs") or {}).get("sampling_rate", sampling_rate)
            )
        texts = [text] if isinstance(text, str) else list(text or ())
        if not texts or not all(isinstance(each, str) for each in texts):
            raise ValueError("text must be a string or a list of strings")
        rows = [self.tokenizer(each, add_special_tokens=add_special_tokens)["input_ids"] for each in texts]
        kwargs = unused.get("audio_kwargs") or {}
        sampling_rate = kwargs.get("sampling_rate", sampling_rate)
        sounds = [load_audio(sound, self.feature_extractor.sampling_rate) for sound in audio_list(audio)]
        self._check_rate(sampling_rate)
        wanted = [row.count(self.audio_token_id) for row in rows]
        if sum(wanted) != len(sounds):
            raise ValueError(f"the texts ask for {wanted} audios, {len(sounds)} were given")
        waiting = iter(sounds)
        by_row = [[next(waiting) for _ in range(count)] for count in wanted]
        rows = [self._make_room(row, sounds) for row, sounds in zip(rows, by_row, strict=True)]
        return self._batch(rows, by_row, output_labels, depth_decoder_labels_ratio, sampling_rate)

    def apply_chat_template(
        self,
        conversation: Any,
        chat_template: str | None = None,
        *,
        tokenize: bool = False,
        return_dict: bool = True,
        output_labels: bool = False,
        depth_decoder_labels_ratio: float = 1.0,
        sampling_rate: int | None = None,
        **unused: Any,
    ) -> Any:
        """Conversations in CSM's format, which is always the same: no template is read.

        Args:
            conversation: a list of turns, or a list of such lists. A turn is
                `{"role": "0", "content": [{"type": "text", "text": …}, {"type": "audio", "path": …}]}`; the
                role is the speaker tag; `path` (or `audio`, or `url`) is a file or mono audio `[samples]`.
            tokenize: return the fields of `__call__`; else the prompts as strings.
            return_dict: with tokenize; False: `input_ids` alone.

        Raises:
            ValueError: a role is not a number, a part is neither text nor audio, or a file has another rate.
        """
        self._check_rate((unused.get("audio_kwargs") or {}).get("sampling_rate", sampling_rate))
        several = bool(conversation) and isinstance(conversation[0], (list, tuple))
        conversations = conversation if several else [conversation]
        if not tokenize:
            strings = ["".join(_turn_text(*_turn(turn)) for turn in turns) for turns in conversations]
            return strings if several else strings[0]
        rows, by_row = [], []
        for turns in conversations:
            ids: list[int] = []
            audios: list[Audio] = []
            for turn in turns:
                role, text, sounds = _turn(turn)
                ids += [self.bos_id, *self.text_ids(f"[{role}]{text}"), self.end_id]
                for sound in sounds:
                    sound = load_audio(sound, self.feature_extractor.sampling_rate)
                    audios.append(sound)
                    ids += [self.audio_token_id] * self._frames(sound) + [self.audio_eos_token_id]
            rows.append(ids)
            by_row.append(audios)
        batch = self._batch(rows, by_row, output_labels, depth_decoder_labels_ratio, sampling_rate)
        return batch if return_dict else batch["input_ids"]

    def text_ids(self, text: str) -> list[int]:
        """Token ids of what a user wrote; special strings in it are spelled out."""

        def encode(part: str) -> list[int]:
            return self.tokenizer(part, add_special_tokens=False, split_special_tokens=True)["input_ids"]

        reserved = {i: token.content for i, token in self.tokenizer.added_tokens_decoder.items()}
        return plain_ids(encode, reserved, text)

    def save_audio(self, audio: Any, saving_path: str | Path | Sequence[str | Path], **unused: Any) -> None:
        """Write audio `[samples]`, one or a list, to as many files.

        Raises:
            ValueError: the numbers differ.
        """
        import soundfile

        sounds = [as_array(sound).squeeze() for sound in audio_list(audio)]
        paths = [saving_path] if isinstance(saving_path, (str, Path)) else list(saving_path)
        if len(sounds) != len(paths):
            raise ValueError(f"{len(sounds)} audios and {len(paths)} paths")
        for sound, path in zip(sounds, paths, strict=True):
            soundfile.write(str(path), sound, self.feature_extractor.sampling_rate)

    @property
    def model_input_names(self) -> list[str]:
        """Fields that `__call__` can return."""
        return [*self.tokenizer.model_input_names, "input_values", "input_values_cutoffs"]

    def _audio_alone(self, audio: Any, rate: int | None) -> BatchFeature:
        """What the codec is to encode: a row for each audio."""
        self._check_rate(rate)
        wanted = self.feature_extractor.sampling_rate
        sounds = [load_audio(sound, wanted) for sound in audio_list(audio)]
        if not sounds:
            raise ValueError("neither text nor audio was given")
        values = self.feature_extractor(sounds, sampling_rate=wanted, return_tensors="pt")["input_values"]
        ends = torch.tensor([[len(sound)] for sound in sounds])
        return BatchFeature(data={"input_values": values, "input_values_cutoffs": ends}, tensor_type="pt")

    def _check_rate(self, rate: int | None) -> None:
        wanted = self.feature_extractor.sampling_rate
        if rate not in (None, wanted):
            raise ValueError(f"audio: {rate} samples a second; resample it to {wanted}")

    def _frames(self, sound: Audio) -> int:
        return -(-len(sound) // self.samples_per_frame)

    def _make_room(self, row: list[int], sounds: Sequence[Audio]) -> list[int]:
        """Repeat each audio placeholder once per frame."""
        waiting = iter(sounds)
        out: list[int] = []
        for token in row:
            out += [token] * (self._frames(next(waiting)) if token == self.audio_token_id else 1)
        return out

    def _batch(
        self,
        rows: list[list[int]],
        by_row: list[list[Audio]],
        output_labels: bool,
        ratio: float,
        sampling_rate: int | None,
    ) -> BatchFeature:
        pad = self.tokenizer.pad_token_id
        longest = max(len(row) for row in rows)
        # Any id will do for padding: it is masked, and the model never looks it up.
        filler = self.end_id if pad is None else pad
        ids = torch.tensor([[filler] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        data: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if any(by_row):
            joined = [np.concatenate([np.zeros(0, np.float32), *sounds]) for sounds in by_row]
            rate = self.feature_extractor.sampling_rate if sampling_rate is None else sampling_rate
            values = self.feature_extractor(joined, sampling_rate=rate, return_tensors="pt")["input_values"]
            most = max(len(sounds) for sounds in by_row)
            ends = [np.cumsum([len(sound) for sound in sounds]).tolist() for sounds in by_row]
            cutoffs = [end + [-1] * (most - len(end)) for end in ends]
            data |= {"input_values": values, "input_values_cutoffs": torch.tensor(cutoffs, dtype=torch.long)}
        if output_labels:
            data["labels"] = self._labels(ids, mask, ratio)
        return BatchFeature(data=data, tensor_type="pt")

    def _labels(self, ids: torch.Tensor, mask: torch.Tensor, ratio: float) -> torch.Tensor:
        """The id where a frame is scored, -101 where the backbone alone is, -100 elsewhere."""
        frames = (ids == self.audio_token_id) & mask.bool()
        ends = (ids == self.audio_eos_token_id) & mask.bool()
        labels = torch.where(frames | ends, ids, IGNORE)
        places = frames.nonzero()
        skipped = torch.randperm(len(places))[: int(len(places) * (1 - min(ratio, 1.0)))]
        labels[tuple(places[skipped].T)] = BACKBONE_ONLY
        return labels


def _turn(turn: dict[str, Any]) -> tuple[str, str, list[Any]]:
    """(role, text, audios) of a turn."""
    role = str(turn["role"])
    if not role.isdecimal():
        raise ValueError(f"a role is a speaker tag, a number, not {role!r}")
    content = turn["content"]
    if isinstance(content, str):
        return role, content, []
    texts, sounds = [], []
    for part in content:
        if part["type"] == "text":
            texts.append(part["text"])
        elif part["type"] == "audio":
            sounds.append(next(part[key] for key in ("audio", "path", "url") if part.get(key) is not None))
        else:
            raise ValueError(f"a part is text or audio, not {part['type']!r}")
    return role, "".join(texts), sounds


def _turn_text(role: str, text: str, sounds: list[Any]) -> str:
    return f"{BOS}[{role}]{text}{END}" + (AUDIO + AUDIO_EOS) * len(sounds)
