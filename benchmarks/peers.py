"""`csm_cli.model` beside transformers, eager and with a static cache, compiled: `python -m benchmarks.peers`.

Both on the same random weights of csm-1b's shape, in one run, timed with CUDA events; greedy codes of all
ways compared. Set TORCH_LOGS=recompiles,graph_breaks to see that nothing is compiled twice. Prints a JSON
line each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from csm_cli.bench.subject import find_subject, with_small_codec
from csm_cli.checkpoints.names import BACKBONE_TABLE, DEPTH_TABLE
from csm_cli.engine.devices import pick_device, pick_dtype


def make(ours: bool, config: Mapping[str, Any], tensors: Mapping[str, Tensor], where: Any, kind: Any) -> Any:
    """A model with a small codec, which is not measured."""
    import transformers

    from csm_cli import model as own

    source: Any = own if ours else transformers
    with torch.device(where):
        model = source.CsmForConditionalGeneration(source.CsmConfig(**with_small_codec(config)))
    model = model.to(where, kind)
    state = {name: tensors[name].to(kind) for name in tensors}
    state[DEPTH_TABLE] = state[BACKBONE_TABLE]
    model.load_state_dict(state, strict=False)
    for settings in (model.generation_config, model.depth_decoder.generation_config):
        settings.do_sample, settings.temperature, settings.top_k = False, None, None
    model.generation_config.max_length = None
    return model.eval()


def generate(model: Any, ids: Tensor, frames: int) -> tuple[float, Tensor]:
    """Milliseconds, and the codes."""
    cuda = ids.device.type == "cuda"
    events = [torch.cuda.Event(enable_timing=True) for _ in range(2)] if cuda else []
    began = time.perf_counter()
    if cuda:
        events[0].record()
    with torch.no_grad():
        codes = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=frames)
    if not cuda:
        return (time.perf_counter() - began) * 1e3, codes
    events[1].record()
    events[1].synchronize()
    return events[0].elapsed_time(events[1]), codes


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--shape", default="csm-1b", choices=["csm-1b", "tiny"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", default="1,16")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--models", default="csm_cli.model,transformers")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], help="fp32 shows whether codes are equal")
    options = parser.parse_args()
    where = pick_device(options.device)
    kind = pick_dtype(options.dtype, where)
    subject = find_subject("", options.shape, where)
    for name in options.models.split(","):
        ours = name == "csm_cli.model"
        model = make(ours, subject.config, subject.tensors, where, kind)
        eager: dict[int, Tensor] = {}
        for static in (False, True):
            if static:
                for settings in (model.generation_config, model.depth_decoder.generation_config):
                    settings.cache_implementation = "static"
            for batch in (int(each) for each in options.batch.split(",")):
                generator = torch.Generator().manual_seed(3)
                ids = torch.randint(subject.config["text_vocab_size"], (batch, 64), generator=generator)
                ids = ids.to(where)
                began = time.perf_counter()
                generate(model, ids, options.frames)
                first = time.perf_counter() - began
                (long, codes), (short, _) = (generate(model, ids, n) for n in (options.frames, 4))
                eager.setdefault(batch, codes)
                milliseconds = (long - short) / max(1, codes.shape[1] - 4)
                line = {
                    "model": name,
                    "dtype": str(kind).removeprefix("torch."),
                    "way": "static, compiled" if static else "eager",
                    "batch": batch,
                    "ms_per_frame": milliseconds,
                    "times_real_time": batch * 80 / milliseconds,
                    "first_call_seconds": first,
                    "codes_equal_to_eager": [
                        round(float(share), 3)
                        for share in (codes == eager[batch]).float().mean(dim=(0, 2))[:8]
                    ],
                }
                print(json.dumps(line), flush=True)
        del model


if __name__ == "__main__":
    main()
