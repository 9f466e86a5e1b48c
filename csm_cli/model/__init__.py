"""CSM in PyTorch, in the transformers format. Everything is imported on first access.

`from csm_cli.model import CsmForConditionalGeneration` loads torch and transformers; `import csm_cli.model`
loads neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csm_cli.model.configuration import CsmConfig, CsmDepthDecoderConfig
    from csm_cli.model.depth_decoder import CsmDepthDecoderForCausalLM, CsmDepthDecoderModel
    from csm_cli.model.model import CsmForConditionalGeneration
    from csm_cli.model.outputs import CsmGenerateOutput, CsmOutputWithPast
    from csm_cli.model.processor import CsmProcessor
    from csm_cli.model.transformer import CsmBackboneModel, CsmPreTrainedModel

_HOME = {
    "CsmBackboneModel": "transformer",
    "CsmConfig": "configuration",
    "CsmDepthDecoderConfig": "configuration",
    "CsmDepthDecoderForCausalLM": "depth_decoder",
    "CsmDepthDecoderModel": "depth_decoder",
    "CsmForConditionalGeneration": "model",
    "CsmGenerateOutput": "outputs",
    "CsmOutputWithPast": "outputs",
    "CsmPreTrainedModel": "transformer",
    "CsmProcessor": "processor",
}

__all__ = [
    "CsmBackboneModel",
    "CsmConfig",
    "CsmDepthDecoderConfig",
    "CsmDepthDecoderForCausalLM",
    "CsmDepthDecoderModel",
    "CsmForConditionalGeneration",
    "CsmGenerateOutput",
    "CsmOutputWithPast",
    "CsmPreTrainedModel",
    "CsmProcessor",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"csm_cli.model.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
