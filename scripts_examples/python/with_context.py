"""A line in the voice of a recording: python with_context.py [MODEL FOLDER]. Writes with_context.wav."""

import sys
from pathlib import Path

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

folder = sys.argv[1] if len(sys.argv) > 1 else DEMO_CHECKPOINT
model = CsmForConditionalGeneration.from_pretrained(folder).eval()
processor = CsmProcessor.from_pretrained(folder)

recording = Path(__file__).parents[2] / "voices" / "heart" / "reference.wav"  # 24 kHz, mono
said = (
    "The keeper climbed the stairs and lit the lamp. Far below, a small boat turned slowly toward the light."
)
talk = [
    {"role": "0", "content": [{"type": "text", "text": said}, {"type": "audio", "path": str(recording)}]},
    {"role": "0", "content": [{"type": "text", "text": "Then he went down again."}]},
]
inputs = processor.apply_chat_template(talk, tokenize=True, return_dict=True)
audio = model.generate(**inputs, seeds=1, max_new_tokens=60, output_audio=True)
processor.save_audio(audio, "with_context.wav")
