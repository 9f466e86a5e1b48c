"""Fixed shapes, so that a frame is one compiled graph: python static_cache.py [MODEL FOLDER].

On a GPU steps are compiled by themselves; on a CPU, where it takes longer than it saves, they are not.
"""

import sys

import torch

from csm_cli.checkpoints.find import DEMO_CHECKPOINT
from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

folder = sys.argv[1] if len(sys.argv) > 1 else DEMO_CHECKPOINT
device = "cuda" if torch.cuda.is_available() else "cpu"
model = CsmForConditionalGeneration.from_pretrained(folder).eval().to(device)
processor = CsmProcessor.from_pretrained(folder)

model.generation_config.max_length = 40  # prompt and frames
model.generation_config.max_new_tokens = None
model.generation_config.cache_implementation = "static"
model.depth_decoder.generation_config.cache_implementation = "static"

talk = [{"role": "0", "content": [{"type": "text", "text": "Once more."}]}]
inputs = processor.apply_chat_template(talk, tokenize=True, return_dict=True).to(device)
codes = [model.generate(**inputs, seeds=1) for _ in range(2)]  # compiled by the first call
assert torch.equal(*codes)
