"""A sentence spoken by a model that is being trained."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from csm_cli.audio.files import write_wav
from csm_cli.checkpoints.find import Checkpoint
from csm_cli.model.loading import load_processor


def speak(model: Any, checkpoint: Checkpoint, speaker: int, text: str, path: Path) -> None:
    """Speak into a WAV file, at most as long as a slow reader would take. The seed is always the same.

    Args:
        model: a `CsmForConditionalGeneration`; it is left in eval mode.
    """
    model.eval()
    talk = [{"role": str(speaker), "content": [{"type": "text", "text": text}]}]
    inputs = _processor(checkpoint.folder)(talk).to(model.device)
    room = model.config.max_position_embeddings - inputs["input_ids"].shape[1]
    frames = max(1, min(room, 25 + 2 * len(text)))
    audio = model.generate(**inputs, seeds=0, max_new_tokens=frames, output_audio=True)[0]
    write_wav(path, audio.float().cpu().numpy(), model.config.codec_config.sampling_rate)


@cache
def _processor(folder: Path) -> Any:
    from csm_cli.checkpoints.find import find_checkpoint

    processor = load_processor(find_checkpoint(folder))
    return lambda talk: processor.apply_chat_template(talk, tokenize=True)
