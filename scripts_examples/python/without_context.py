"""One sentence, no context: python without_context.py [MODEL FOLDER]. Writes without_context.wav."""

import sys

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

folder = sys.argv[1] if len(sys.argv) > 1 else DEMO_CHECKPOINT
model = CsmForConditionalGeneration.from_pretrained(folder).eval()
processor = CsmProcessor.from_pretrained(folder)

# A prompt written out by hand; [0] is the speaker …
inputs = processor("[0]The past is just a story.", add_special_tokens=True)
audio = model.generate(**inputs, seeds=1, max_new_tokens=60, output_audio=True)
processor.save_audio(audio, "without_context.wav")

# … or as a conversation, in which <|AUDIO|> and the like are only text.
talk = [{"role": "0", "content": [{"type": "text", "text": "The past is just a story."}]}]
again = model.generate(
    **processor.apply_chat_template(talk, tokenize=True, return_dict=True),
    seeds=1,
    max_new_tokens=60,
    output_audio=True,
)
assert (again[0] == audio[0]).all()
