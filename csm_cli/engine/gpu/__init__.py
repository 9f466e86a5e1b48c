"""Prompts and frames on a GPU by fused Triton kernels; `engine.steps` is the reference.

Needs triton, which torch's CUDA builds bring along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch

from csm_cli.core.errors import first_line
from csm_cli.engine.codec import Codec
from csm_cli.engine.devices import is_out_of_memory, on
from csm_cli.engine.layout import Weights
from csm_cli.engine.linears import Eight, Plain
from csm_cli.engine.state import State

if TYPE_CHECKING:
    from csm_cli.engine.gpu.codec import FusedDecoder
    from csm_cli.engine.gpu.frames import FusedFrames
    from csm_cli.engine.gpu.prompts import FusedPrompts


def fused_parts(
    state: State, recorded: bool, notice: Callable[[str], None] = lambda text: None
) -> tuple[FusedFrames, FusedPrompts] | None:
    """What computes frames and prompts of a state; None where there are no kernels for its model.

    Args:
        recorded: prompts as CUDA graphs; frames are recorded by whoever has them.
        notice: called with a line of text if there should be kernels and they do not run.
    """
    weights = state.weights
    if not fusable(weights):
        return None
    if fault := kernel_fault(weights):
        notice(f"the engine's kernels do not run on this GPU, and frames take longer ({fault})")
        return None
    from csm_cli.engine.gpu.frames import FusedFrames
    from csm_cli.engine.gpu.prompts import FusedPrompts

    return FusedFrames(state), FusedPrompts(state, recorded)


def runs_on(device: torch.device) -> bool:
    """Whether triton is there, and a device is one that the kernels are written for."""
    return device.type == "cuda" and torch.version.hip is None and find_spec("triton") is not None


def kernel_fault(weights: Weights) -> str | None:
    """Why the kernels do not run for `fusable` weights; None: they do."""
    product: Any = weights.backbone.layers[0].qkv
    return compile_fault(weights.text.device, product.weight.dtype, weights.text.dtype)


@cache
def compile_fault(device: torch.device, weight: torch.dtype, kind: torch.dtype) -> str | None:
    """Why triton cannot compile a product (no C compiler, a type that the GPU lacks); None: it can."""
    from csm_cli.engine.gpu.products import Product, Scratch, Squares

    small = torch.zeros(16, 16, device=device)
    linear = Plain(small.to(kind)) if weight == kind else Eight(small, weight)
    try:
        with on(device):
            for rows in (1, 2):
                x = torch.zeros(rows, 16, dtype=kind, device=device)
                Product(linear, Scratch(device), Squares(rows, device))(x, torch.empty_like(x))
    except Exception as error:  # triton's own, of many kinds
        if is_out_of_memory(error):
            raise
        return first_line(error)
    return None


def fusable(weights: Weights) -> bool:
    """Whether there are kernels, and they can read these weights: products of known kinds, widths of 16."""

    def readable(products: Sequence[Any]) -> bool:
        return all(
            isinstance(each, Plain | Eight) and not any(side % 16 for side in each.weight.shape)
            for each in products
        )

    stacks = (weights.backbone, weights.depth)
    layers = [layer for stack in stacks for layer in stack.layers]
    products = [each for layer in layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    return (
        runs_on(weights.text.device)
        and weights.depth_audio is not None
        and readable([*products, weights.head, weights.project, *weights.depth_heads])
        and all(stack.head_dim >= 16 and stack.head_dim & (stack.head_dim - 1) == 0 for stack in stacks)
    )


def fused_decoder(codec: Codec, kind: torch.dtype) -> FusedDecoder | None:
    """`Codec.decode` with fewer kernels, in a number type; None where there are none for its layers."""
    if not runs_on(codec.device) or compile_fault(codec.device, kind, kind):
        return None
    from csm_cli.engine.gpu.codec import FusedDecoder

    return FusedDecoder(codec, kind, recorded=True) if FusedDecoder.fits(codec.decoder) else None
