"""Conversations, the tokenizer, and the strings that have a meaning in prompts.

While a template is filled in, marks stand for the special strings that a user wrote, so that they stay text.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.tensors import DAMAGED
from csm_cli.core.errors import MissingError, is_foreign
from csm_cli.model.merge import Audio

_log = logging.getLogger(__name__)

BOS, END, AUDIO, AUDIO_EOS = "<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>"

TEMPLATE = """\
{%- for message in messages -%}
    {{- '<|begin_of_text|>[' ~ message['role'] ~ ']' -}}
    {%- set content = message['content'] -%}
    {%- if content is string -%}
        {{- content -}}
    {%- else -%}
        {%- for part in content if part['type'] == 'text' -%}{{- part['text'] -}}{%- endfor -%}
    {%- endif -%}
    {{- '<|end_of_text|>' -}}
    {%- if content is not string -%}
        {%- for part in content if part['type'] == 'audio' -%}{{- '<|AUDIO|><|audio_eos|>' -}}{%- endfor -%}
    {%- endif -%}
{%- endfor -%}
"""
"""CSM's format, for processors without a template of their own."""

_MARK = "\ue000{}\ue001"
"""Stands for a special string that a user wrote, while a template is filled in; of the private use area."""


def check_turn(turn: dict[str, Any]) -> None:
    """Refuse what is not of CSM's format."""
    if not str(turn["role"]).isdecimal():
        raise ValueError(f"a role is a speaker tag, a number, not {turn['role']!r}")
    for part in _parts(turn):
        if part["type"] not in ("text", "audio"):
            raise ValueError(f"a part is text or audio, not {part['type']!r}")


def _parts(turn: dict[str, Any]) -> Sequence[dict[str, Any]]:
    content = turn.get("content")
    return () if content is None or isinstance(content, str) else content


def audio_of(turn: dict[str, Any]) -> list[Any]:
    """What stands for the audios of a turn; nothing for those that are placeholders only."""
    found = [
        next((part[key] for key in ("audio", "path", "url") if part.get(key) is not None), None)
        for part in _parts(turn)
        if part.get("type") == "audio"
    ]
    return [each for each in found if each is not None]


def marked(turn: dict[str, Any], special: Iterable[str]) -> dict[str, Any]:
    """A turn with marks for the special strings in its texts."""

    def mark(text: Any) -> Any:
        for number, token in enumerate(special if isinstance(text, str) else ()):
            text = text.replace(token, _MARK.format(number))
        return text

    if isinstance(turn.get("content"), str):
        return {**turn, "content": mark(turn["content"])}
    parts = [{**part, "text": mark(part["text"])} if "text" in part else part for part in _parts(turn)]
    return {**turn, "content": parts} if parts else turn


def unmarked(text: str, special: Iterable[str]) -> str:
    for number, token in enumerate(special):
        text = text.replace(_MARK.format(number), token)
    return text


def share_out(wanted: Sequence[int], sounds: Sequence[Audio]) -> list[list[Audio]]:
    """The audios of each row; where no row asks for any, none."""
    if not any(wanted) and sounds:
        _log.warning("no text has a place for audio (%s): %d audios are left out", AUDIO, len(sounds))
        return [[] for _ in wanted]
    if sum(wanted) != len(sounds):
        raise ValueError(f"the texts ask for {list(wanted)} audios, {len(sounds)} were given")
    waiting = iter(sounds)
    return [[next(waiting) for _ in range(count)] for count in wanted]


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder.

    Raises:
        MissingError: it cannot be read, or lacks CSM's tokens.
    """
    from transformers import PreTrainedTokenizerFast

    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    except BaseException as error:  # the tokenizers library raises bare Exceptions, and panics
        if not is_foreign(error):
            raise
        raise MissingError(
            f"the tokenizer cannot be read ({error})", where=str(folder), remedy=DAMAGED
        ) from error
    for token in (BOS, END):
        if token not in tokenizer.get_vocab():
            raise MissingError(
                f"the tokenizer has no {token}",
                where=str(folder),
                remedy="use a checkpoint with CSM's tokens",
            )
    return tokenizer


_OF_WRITTEN_TEXT = ("return_offsets_mapping", "return_special_tokens_mask", "return_overflowing_tokens")


def padded(tokenizer: Any, rows: list[list[int]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a tokenizer makes of ids, truncated and padded as its settings say."""
    limit = settings.get("max_length") or tokenizer.model_max_length
    if settings.get("truncation"):
        right = tokenizer.truncation_side == "right"
        rows = [row[:limit] if right else row[-limit:] for row in rows]
    if asked := [name for name in _OF_WRITTEN_TEXT if settings.get(name)]:
        raise ValueError(f"{', '.join(asked)}: only for prompts written out")
    names = ("padding", "max_length", "pad_to_multiple_of", "padding_side", "return_attention_mask")
    chosen = {name: settings[name] for name in names if name in settings}
    return dict(tokenizer.pad({"input_ids": rows}, return_tensors="pt", **chosen))
