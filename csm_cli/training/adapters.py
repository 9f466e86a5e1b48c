"""LoRA adapters in training, and the audio samples made between updates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from csm_cli.audio.files import write_wav
from csm_cli.checkpoints.find import Checkpoint
from csm_cli.core.errors import MissingError
from csm_cli.model import CsmProcessor

TARGETS = (
    r"(backbone_model|depth_decoder\.model)\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
)


@dataclass(frozen=True)
class Adapter:
    """An adapter that is being trained.

    Attributes:
        wrapped: peft's model around ours.
        base: folder or Hub id that `adapter_config.json` will name.
    """

    wrapped: Any
    base: str

    @classmethod
    def put_on(cls, model: Any, rank: int, checkpoint: Checkpoint) -> Adapter:
        """Put adapters on every projection of the model, in place; all other weights are frozen.

        Raises:
            MissingError: peft is not installed.
        """
        try:
            import peft
        except ImportError as error:
            raise MissingError(
                "LoRA needs peft, which is not installed", remedy="pip install 'csm-cli[train]'"
            ) from error
        config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=TARGETS, bias="none")
        folder = checkpoint.folder
        base = checkpoint.model_id if "/" in checkpoint.model_id else str(folder.resolve())
        return cls(peft.get_peft_model(model, config), base)

    def save(self, folder: Path) -> None:
        """Write the adapter as peft does, naming the model it belongs to."""
        self.wrapped.save_pretrained(folder)
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = self.base
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write_sample(model: Any, checkpoint: Checkpoint, speaker: int, text: str, path: Path) -> None:
    """Generate a line into a WAV file, at most 25 + 2 frames a character long. The seed is always the same.

    Args:
        model: a `CsmForConditionalGeneration`; it is left in eval mode.
    """
    model.eval()
    conversation = [{"role": str(speaker), "content": [{"type": "text", "text": text}]}]
    inputs = _processor(checkpoint.folder)(conversation).to(model.device)
    room = model.config.max_position_embeddings - inputs["input_ids"].shape[1]
    frames = max(1, min(room, 25 + 2 * len(text)))
    audio = model.generate(**inputs, seeds=0, max_new_tokens=frames, output_audio=True)[0]
    write_wav(path, audio.float().cpu().numpy(), model.config.codec_config.sampling_rate)


@cache
def _processor(folder: Path) -> Any:
    processor = CsmProcessor.from_checkpoint(folder)
    return lambda conversation: processor.apply_chat_template(conversation, tokenize=True, return_dict=True)
