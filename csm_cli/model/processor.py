"""Texts and audio → what `CsmForConditionalGeneration` takes."""

# Annotations are not strings here: transformers reads those of the settings.

import re
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import AudioKwargs, ProcessingKwargs, ProcessorMixin, TextKwargs

from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.core.types import plain_ids
from csm_cli.model.conversation import (
    AUDIO,
    AUDIO_EOS,
    BOS,
    END,
    TEMPLATE,
    audio_of,
    check_turn,
    load_tokenizer,
    marked,
    padded,
    share_out,
    unmarked,
)
from csm_cli.model.merge import Audio, as_array, audio_list, load_audio
from csm_cli.model.outputs import labels_by_kind

_FOR_TEXT = {"padding": True, "padding_side": "left", "add_special_tokens": False, "return_tensors": "pt"}
_FOR_AUDIO = {"return_tensors": "pt"}


class CsmAudioKwargs(AudioKwargs, total=False):  # type: ignore[call-arg]
    """With `strides` of the codec."""

    encoded_length_kwargs: dict[str, Any] | None


class CsmProcessorKwargs(ProcessingKwargs, total=False):  # type: ignore[call-arg]
    """Settings of a call, and what they are if nothing is said."""

    audio_kwargs: CsmAudioKwargs
    _defaults = {"text_kwargs": _FOR_TEXT, "audio_kwargs": _FOR_AUDIO}  # noqa: RUF012


_OF_A_CALL = {
    *TextKwargs.__annotations__, *AudioKwargs.__annotations__, "text_kwargs", "audio_kwargs", "common_kwargs",
    "encoded_length_kwargs", "output_labels", "depth_decoder_labels_ratio",
}  # fmt: skip
"""Settings of `apply_chat_template` that are not for the template."""


class CsmProcessor(ProcessorMixin):
    """A tokenizer and a feature extractor.

    `apply_chat_template` takes conversations: what stands in their texts is only text. `__call__` takes
    prompts written out, in which `<|AUDIO|>` and the other special strings have their meaning.

    Attributes:
        samples_per_frame: of the codec: audio of n samples fills ceil(n / samples_per_frame) positions.
    """

    samples_per_frame = 1920
    valid_processor_kwargs = CsmProcessorKwargs
    text_kwargs, audio_kwargs = _FOR_TEXT, _FOR_AUDIO

    def __init__(self, feature_extractor: Any, tokenizer: Any, chat_template: str | None = None) -> None:
        self.bos_id, self.end_id, self.audio_token_id, self.audio_eos_token_id = (
            tokenizer.convert_tokens_to_ids(token) for token in (BOS, END, AUDIO, AUDIO_EOS)
        )
        self.audio_token, self.audio_eos_token = AUDIO, AUDIO_EOS
        if tokenizer.pad_token is None:
            tokenizer.pad_token = END  # any will do: it is masked, and the model never looks it up
        super().__init__(feature_extractor, tokenizer, chat_template=chat_template)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint | str | Path) -> "CsmProcessor":
        """Of a checkpoint, a folder, a weight file or a Hub id; without `preprocessor_config.json` with the
        settings that all CSMs share.

        Raises:
            MissingError: there is no tokenizer.
        """
        from transformers import EncodecFeatureExtractor

        checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else find_checkpoint(checkpoint)
        tokenizer, config = load_tokenizer(checkpoint.tokenizer_file.parent), checkpoint.config
        rate = config["codec_config"].get("sampling_rate", 24000)
        processor = cls(EncodecFeatureExtractor(sampling_rate=rate), tokenizer)
        # The original release's tokenizer has no audio tokens; their ids are reserved in the config.
        if AUDIO not in tokenizer.get_vocab():
            processor.audio_token_id = config.get("audio_token_id", 128002)
        if AUDIO_EOS not in tokenizer.get_vocab():
            processor.audio_eos_token_id = config.get("audio_eos_token_id", 128003)
        return processor

    def __call__(
        self,
        text: str | Sequence[str] | Sequence[list[int]] | None = None,
        audio: Any = None,
        output_labels: bool | None = False,
        depth_decoder_labels_ratio: float | None = 1.0,
        **settings: Any,
    ) -> BatchFeature:
        """Prompts as written, special strings included.

        Args:
            text: one prompt or several, such as `[0]Hello.`; `<|AUDIO|>` once for each audio; or a list of
                ids for each prompt. None: audio alone, a row for each.
            audio: mono audio `[samples]`, a file, or a dict of `array` and `sampling_rate`; one or a list, in
                the order of the `<|AUDIO|>`.
            output_labels: add `labels`, by kind, for `CsmForConditionalGeneration.forward`.
            depth_decoder_labels_ratio: share of audio frames that the depth decoder is trained on.
            settings: of the tokenizer and of the feature extractor, as transformers' processors take them:
                by themselves, or within `text_kwargs` and `audio_kwargs`.

        Returns:
            `input_ids` and `attention_mask` `[B, T]`, padded on the left; with audio `input_values`
            `[B, 1, samples]` and `input_values_cutoffs` `[B, audios]`. Audio alone: these two.

        Raises:
            ValueError: texts and audios do not match, the audio is not mono, or another return_tensors.
        """
        for_text, for_audio = self._settings(settings)
        sounds = [load_audio(sound, for_audio["sampling_rate"]) for sound in audio_list(audio)]
        if text is None and sounds and not output_labels:
            return BatchFeature(self._audio_fields([[each] for each in sounds], for_audio), tensor_type="pt")
        texts: list[Any] = [text] if isinstance(text, str) else list(text or ())
        if texts and all(isinstance(each, str) for each in texts):
            by_row = share_out([each.count(AUDIO) for each in texts], sounds)
            written = [self._expanded(*each, for_audio) for each in zip(texts, by_row, strict=True)]
            fields = dict(self.tokenizer(written, **for_text))
        elif texts and all(isinstance(each, list) for each in texts):
            by_row = share_out([row.count(self.audio_token_id) for row in texts], sounds)
            rows = [self._make_room(*each, for_audio) for each in zip(texts, by_row, strict=True)]
            fields = padded(self.tokenizer, rows, for_text)
        else:
            raise ValueError("text must be a string or a list of strings, or audio be given alone")
        if sounds:
            fields |= self._audio_fields(by_row, for_audio)
        if output_labels:
            ids, mask = fields["input_ids"], fields.get("attention_mask")
            fields["labels"] = labels_by_kind(
                ids, mask, self.audio_token_id, self.audio_eos_token_id, depth_decoder_labels_ratio
            )
        return BatchFeature(data=fields, tensor_type="pt")

    def apply_chat_template(
        self,
        conversation: Any,
        chat_template: str | None = None,
        *,
        tokenize: bool = False,
        return_dict: bool = False,
        processor_kwargs: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        """Conversations → prompts, by the processor's template or CSM's format.

        Args:
            conversation: a list of turns, or a list of such lists. A turn is
                `{"role": "0", "content": [{"type": "text", "text": …}, {"type": "audio", "path": …}]}`; the
                role is the speaker tag; `path` (or `audio`, or `url`) is a file or mono audio `[samples]`.
            tokenize: return ids, with return_dict the fields of `__call__`; else the prompts as strings.
            processor_kwargs: arguments of `__call__`; they may be settings, too.
            settings: `continue_final_message`, and what else the template reads.

        Raises:
            ValueError: a role is not a number, a part is neither text nor audio, or a file has another rate.
        """
        for_call = {name: settings.pop(name) for name in list(settings) if name in _OF_A_CALL}
        for_call |= processor_kwargs or {}
        several = bool(conversation) and isinstance(conversation[0], (list, tuple))
        conversations = [list(each) for each in (conversation if several else [conversation])]
        turns = [turn for conversation in conversations for turn in conversation]
        if chat_template is None and self.chat_template is None:
            chat_template = TEMPLATE
            for turn in turns:
                check_turn(turn)
        special = self._special()
        safe = [[marked(turn, special) for turn in each] for each in conversations]
        prompts = super().apply_chat_template(safe, chat_template, tokenize=False, **settings)
        if not tokenize:
            plain = [unmarked(prompt, special) for prompt in prompts]
            return plain if several else plain[0]
        rate = self._settings(for_call)[1]["sampling_rate"]
        sounds = [load_audio(each, rate) for turn in turns for each in audio_of(turn)]
        if sounds and "audio_kwargs" not in for_call:
            for_call["sampling_rate"] = rate
        rows = [self._ids(prompt, special) for prompt in prompts]
        fields = self(text=rows, audio=sounds or None, **for_call)
        return fields if return_dict else fields["input_ids"]

    def text_ids(self, text: str) -> list[int]:
        """Token ids of what a user wrote; special strings in it are spelled out."""

        def encode(part: str) -> list[int]:
            return self.tokenizer(part, add_special_tokens=False, split_special_tokens=True)["input_ids"]

        reserved = {i: token.content for i, token in self.tokenizer.added_tokens_decoder.items()}
        return plain_ids(encode, reserved, text)

    def save_audio(self, audio: Any, saving_path: str | Path | Sequence[str | Path], **settings: Any) -> None:
        """Write audio `[samples]`, one or a list, to as many files.

        Args:
            settings: `sampling_rate`, by itself or within `audio_kwargs`: what the files state.

        Raises:
            ValueError: the numbers differ.
        """
        import soundfile

        rate = self._merge_kwargs(CsmProcessorKwargs, **settings)["audio_kwargs"].get("sampling_rate")
        sounds = [as_array(sound).squeeze() for sound in audio_list(audio)]
        paths = [saving_path] if isinstance(saving_path, (str, Path)) else list(saving_path)
        if len(sounds) != len(paths):
            raise ValueError(f"{len(sounds)} audios and {len(paths)} paths")
        for sound, path in zip(sounds, paths, strict=True):
            soundfile.write(str(path), sound, rate or self.feature_extractor.sampling_rate)

    @property
    def model_input_names(self) -> list[str]:
        """Fields that `__call__` can return."""
        return [*self.tokenizer.model_input_names, "input_values", "input_values_cutoffs"]

    def _settings(self, settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """(of the tokenizer, of the feature extractor)."""
        every = self._merge_kwargs(
            CsmProcessorKwargs, tokenizer_init_kwargs=self.tokenizer.init_kwargs, **settings
        )
        for_text, for_audio = every["text_kwargs"], every["audio_kwargs"]
        if for_text.get("return_tensors") != "pt":
            raise ValueError("only return_tensors='pt' is supported")
        wanted = self.feature_extractor.sampling_rate
        if for_audio.get("sampling_rate") is None:
            for_audio["sampling_rate"] = wanted
        if for_audio["sampling_rate"] != wanted:
            raise ValueError(f"audio: {for_audio['sampling_rate']} samples a second; resample it to {wanted}")
        return for_text, for_audio

    def _frames(self, sound: Audio, for_audio: dict[str, Any]) -> int:
        strides = (for_audio.get("encoded_length_kwargs") or {}).get("strides")
        return -(-len(sound) // (prod(strides) if strides else self.samples_per_frame))

    def _special(self) -> dict[str, int]:
        """Special strings and their ids, the longest first."""
        found = {token.content: i for i, token in self.tokenizer.added_tokens_decoder.items()}
        found |= {AUDIO: self.audio_token_id, AUDIO_EOS: self.audio_eos_token_id}
        return {string: found[string] for string in sorted(found, key=len, reverse=True)}

    def _ids(self, prompt: str, special: dict[str, int]) -> list[int]:
        """Of a filled-in template: its special strings are ids, those that a user wrote are spelled out."""
        ids = []
        for piece in re.split(f"({'|'.join(map(re.escape, special))})", prompt):
            ids += [special[piece]] if piece in special else self.text_ids(unmarked(piece, special))
        return ids

    def _expanded(self, text: str, sounds: Sequence[Audio], for_audio: dict[str, Any]) -> str:
        """A text with each audio placeholder repeated once per frame."""
        first, *others = text.split(AUDIO)
        counts = (self._frames(sound, for_audio) for sound in sounds)
        return first + "".join(AUDIO * n + piece for n, piece in zip(counts, others, strict=False))

    def _make_room(self, row: list[int], sounds: Sequence[Audio], for_audio: dict[str, Any]) -> list[int]:
        """The same with ids."""
        waiting = iter(sounds)
        out: list[int] = []
        for token in row:
            count = self._frames(next(waiting), for_audio) if token == self.audio_token_id else 1
            out += [token] * count
        return out

    def _audio_fields(self, by_row: list[list[Audio]], for_audio: dict[str, Any]) -> dict[str, Any]:
        joined = [np.concatenate([np.zeros(0, np.float32), *sounds]) for sounds in by_row]
        chosen = {
            k: v for k, v in for_audio.items() if k not in ("encoded_length_kwargs", "return_attention_mask")
        }
        values = self.feature_extractor(joined, **chosen)["input_values"]
        most = max(1, *map(len, by_row))
        ends = [np.cumsum([len(sound) for sound in sounds]).tolist() for sounds in by_row]
        cutoffs = torch.tensor([end + [-1] * (most - len(end)) for end in ends], dtype=torch.long)
        return {"input_values": values, "input_values_cutoffs": cutoffs}
