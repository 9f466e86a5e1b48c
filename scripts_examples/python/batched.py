"""Lines of several lengths at once: python batched.py [MODEL FOLDER]. Writes batched-0.wav, batched-1.wav."""

import sys

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

folder = sys.argv[1] if len(sys.argv) > 1 else DEMO_CHECKPOINT
model = CsmForConditionalGeneration.from_pretrained(folder).eval()
processor = CsmProcessor.from_pretrained(folder)

lines = ["Good morning.", "It was a longer night than anybody had expected."]
talks = [[{"role": "0", "content": [{"type": "text", "text": line}]}] for line in lines]
inputs = processor.apply_chat_template(talks, tokenize=True, return_dict=True)  # padded on the left

# A seed for each row: what a row says does not depend on the others.
audio = model.generate(**inputs, seeds=[7, 8], max_new_tokens=60, output_audio=True)
processor.save_audio(audio, ["batched-0.wav", "batched-1.wav"])
