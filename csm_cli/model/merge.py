"""Audio as callers have it → codes; a prompt of text ids with places for audio → embeddings and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from csm_cli.model.outputs import expand_labels

Audio = NDArray[np.float32]

_FETCHED = ("http://", "https://", "data:")
_LONGEST_PATH = 1024  # characters: what is longer is audio in base64


def audio_list(audio: Any) -> list[Any]:
    """One audio or several, as they come."""
    if audio is None:
        return []
    one = getattr(audio, "ndim", 0) == 1 or _is_numbers(audio) or isinstance(audio, (str, Path, dict))
    if one:
        return [audio]
    # One list of audios for each text is as good as one list of all.
    nested = isinstance(audio, (list, tuple)) and any(_is_list_of_audios(each) for each in audio)
    return [sound for each in audio for sound in audio_list(each)] if nested else list(audio)


def _is_numbers(audio: Any) -> bool:
    return isinstance(audio, (list, tuple)) and len(audio) > 0 and isinstance(audio[0], (int, float))


def _is_list_of_audios(audio: Any) -> bool:
    return isinstance(audio, (list, tuple)) and not _is_numbers(audio)


def as_array(sound: Any) -> Audio:
    """An array, tensor or list of numbers as float32, its shape as it is."""
    if isinstance(sound, torch.Tensor):
        sound = sound.detach().float().cpu().numpy()
    return np.asarray(sound, dtype=np.float32)


def load_audio(sound: Any, rate: int) -> Audio:
    """A file, an array, a dict of `array` and `sampling_rate`, or an address, which transformers fetches →
    float32 `[samples]`.

    Raises:
        ValueError: no such file, or one that is no audio; another rate; more than one channel; no samples.
    """
    where, found = "audio", rate
    if isinstance(sound, dict):
        sound, found = sound["array"], int(sound.get("sampling_rate", rate))
    elif isinstance(sound, (str, Path)):
        import soundfile

        where = str(sound)
        if where.startswith(_FETCHED) or len(where) > _LONGEST_PATH:
            return _fetched(where, rate)
        if not Path(where).is_file():
            raise ValueError(f"{where}: no such audio file")
        try:
            sound, found = soundfile.read(where, dtype="float32")
        except soundfile.SoundFileError as error:
            raise ValueError(f"{where}: cannot be read as audio ({error})") from error
    if found != rate:
        raise ValueError(f"{where}: {found} samples a second; resample it to {rate}")
    samples = as_array(sound)
    if samples.ndim == 2 and 1 in samples.shape:
        samples = samples.reshape(-1)
    if samples.ndim != 1:
        channels = min(samples.shape) if samples.ndim == 2 else samples.shape
        raise ValueError(f"{where}: {channels} channels; audio must be mono, mix them into one")
    if not len(samples):
        raise ValueError(f"{where}: holds no samples")
    return samples


def _fetched(where: str, rate: int) -> Audio:
    """An address, or audio in base64, as transformers reads it; resampled."""
    from transformers.audio_utils import load_audio as fetch

    try:
        return as_array(fetch(where, sampling_rate=rate))
    except Exception as error:  # of the network, and of whatever reads the audio
        raise ValueError(f"{where[:60]}: cannot be read as audio ({error})") from error


def decode_codes(codec: Any, codes: Sequence[Tensor]) -> list[Tensor]:
    """Decode lines of any lengths in one call.

    Args:
        codec: a `transformers.MimiModel`.
        codes: integers `[frames, K]` each, 0 frames allowed.

    Returns:
        float32 audio `[frames * samples per frame]` each, as it comes from each line decoded alone: the
        decoder is causal, so that padding on the right, which is cut off again, changes nothing before it.
    """
    longest = max((len(line) for line in codes), default=0)
    if longest == 0:
        return [torch.zeros(0) for _ in codes]
    padded = torch.stack([F.pad(line.long(), (0, 0, 0, longest - len(line))) for line in codes])
    with torch.no_grad():
        audio = codec.decode(padded.transpose(1, 2)).audio_values[:, 0].float()
    per_frame = audio.shape[1] // longest
    return [audio[i, : len(line) * per_frame] for i, line in enumerate(codes)]


def encode_audio(codec: Any, audio: Tensor, num_codebooks: int) -> Tensor:
    """Mono audio `[samples]` at the codec's rate → int64 codes `[ceil(samples / samples per frame), K]`."""
    with torch.no_grad():
        values = audio.to(codec.dtype)[None, None]
        return codec.encode(values, num_quantizers=num_codebooks).audio_codes[0].transpose(0, 1)


def merge_prompt(
    model: Any,
    input_ids: Tensor,
    *,
    attention_mask: Tensor | None = None,
    input_values: Tensor | None = None,
    input_values_cutoffs: Tensor | None = None,
    audio_codes: Tensor | Sequence[Tensor] | None = None,
    labels: Tensor | None = None,
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Embed text ids, put audio frames and EOS frames in place of their placeholders.

    Args:
        model: a `CsmForConditionalGeneration`.
        input_ids: int64 `[B, T]`.
        attention_mask: `[B, T]`, 0 for padding, whose ids may lie outside the table, or be the audio
            placeholder.
        input_values: audio `[B, 1, samples]`, the segments of a row one after the other.
        input_values_cutoffs: int64 `[B, segments]`, where each segment ends, in samples; -1 fills up.
        audio_codes: codes in place of audio: `[frames, K]`, or a sequence of such, in the order of the
            placeholders.
        labels: `[B, T]` by kind, see `expand_labels`.

    Returns:
        (embeddings `[B, T, H]`, labels `[B, T, K]` or None, codes `[B, T, K]`, an EOS frame's for text).

    Raises:
        ValueError: audio and placeholders do not match, or both audio and codes are given.
    """
    config = model.config
    real = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    is_audio = (input_ids == config.audio_token_id) & real
    is_eos = (input_ids == config.audio_eos_token_id) & real
    # Padding is looked up where it can be: the last state of a prompt padded on the right comes from it.
    in_table = (input_ids >= 0) & (input_ids < config.text_vocab_size)
    is_text = (real | in_table) & ~is_audio & ~is_eos
    embeds = model.embed_text_tokens(torch.where(is_text, input_ids, 0)).masked_fill(~is_text[..., None], 0.0)

    embed, is_frame = model.backbone_model.embed_tokens, is_audio | is_eos
    placed = input_ids.new_full((*input_ids.shape, config.num_codebooks), config.codebook_eos_token_id)
    if input_values is None and audio_codes is None:
        # In one graph, if it is compiled: without audio no shape depends on the ids.
        if not torch.compiler.is_compiling() and input_ids.device.type != "meta" and bool(is_audio.any()):
            raise ValueError(f"the prompt has {int(is_audio.sum())} places for audio frames, none were given")
        embeds = torch.where(is_eos[..., None], embed(placed[:1, :1]).to(embeds.dtype), embeds)
    else:
        frames = _frames(model, input_values, input_values_cutoffs, audio_codes).to(input_ids.device)
        places = int(is_audio.sum())
        if len(frames) != places:
            raise ValueError(f"the prompt has {places} places for audio frames, {len(frames)} were given")
        placed[is_audio] = frames
        if len(in_order := placed[is_frame]):
            embeds[is_frame] = embed(in_order).to(embeds.dtype)
    return embeds, None if labels is None else expand_labels(labels, placed, is_frame), placed


def _frames(model: Any, values: Tensor | None, cutoffs: Tensor | None, codes: Any) -> Tensor:
    """All audio frames of the prompt, int64 `[frames, K]`, row by row."""
    books = model.config.num_codebooks
    if codes is not None:
        if values is not None:
            raise ValueError("give input_values or audio_codes, not both")
        codes = (
            codes
            if isinstance(codes, Tensor)
            else torch.cat([torch.as_tensor(c) for c in codes] or [_none(books)])
        )
        return codes.long().reshape(-1, books)
    if values is None:
        return _none(books)
    if cutoffs is None:
        raise ValueError("input_values need input_values_cutoffs")
    encoded = [_none(books).to(values.device)]
    for row, ends in zip(values, cutoffs.tolist(), strict=True):
        start = 0
        for end in ends:
            if end > start:
                # One by one: the encoder pads to whole frames at the end of what it is given.
                encoded.append(encode_audio(model.codec_model, row[..., start:end].reshape(-1), books))
                start = end
    return torch.cat(encoded)


def _none(books: int) -> Tensor:
    return torch.zeros(0, books, dtype=torch.long)
