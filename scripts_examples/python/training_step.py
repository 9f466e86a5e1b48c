"""One step of training by hand; `csm train` does it all: python training_step.py [MODEL FOLDER]."""

import sys
from pathlib import Path

import torch

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

folder = sys.argv[1] if len(sys.argv) > 1 else DEMO_CHECKPOINT
model = CsmForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).train()
processor = CsmProcessor.from_pretrained(folder)

recording = Path(__file__).parents[2] / "voices" / "heart" / "reference.wav"
text = (
    "The keeper climbed the stairs and lit the lamp. Far below, a small boat turned slowly toward the light."
)
talk = [{"role": "0", "content": [{"type": "text", "text": text}, {"type": "audio", "path": str(recording)}]}]
inputs = processor.apply_chat_template(
    talk, tokenize=True, return_dict=True, output_labels=True, depth_decoder_labels_ratio=1 / 16
)
optimiser = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=3e-5)
output = model(**inputs)
output.loss.backward()
optimiser.step()
print(f"backbone {output.backbone_loss.item():.3f}, depth decoder {output.depth_decoder_loss.item():.3f}")
