"""`FusedFrames`: a frame of every slot by few kernels, as `engine.frames` computes it step by step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from csm_cli.engine.gpu import frame_kernels as kernels
from csm_cli.engine.gpu.products import Product, Scratch, Squares, launch, precision, score_scale
from csm_cli.engine.layout import Stack, StackCache, power_of_two
from csm_cli.engine.state import FIELDS, Field, State


@dataclass(frozen=True)
class FusedLayer:
    """The products of a layer, and its part of the cache `[B, kv heads, positions, D]`."""

    qkv: Product
    out: Product
    gate_up: Product
    down: Product
    keys: Tensor
    values: Tensor


class FusedStack:
    """One position of every row through a stack.

    Attributes:
        x: hidden states `[S, H]`; filled in before, and changed in place.
        squares: of x.
    """

    def __init__(self, stack: Stack, cache: StackCache, scratch: Scratch, slots: int) -> None:
        eps, device = float(stack.eps), stack.norm.device
        self.stack, self.eps, self.squares = stack, eps, Squares(slots, device)
        self.layers = [
            FusedLayer(
                Product(layer.qkv, scratch, self.squares),
                Product(layer.out, scratch, self.squares, add=True, writes_x=True),
                Product(layer.gate_up, scratch, self.squares, norm_eps=eps, gated=True),
                Product(layer.down, scratch, self.squares, add=True, writes_x=True),
                keys,
                values,
            )
            for layer, keys, values in zip(stack.layers, cache.keys, cache.values, strict=True)
        ]

        def room(width: int, kind: torch.dtype = stack.norm.dtype) -> Tensor:
            return torch.empty(slots, width, dtype=kind, device=device)

        self.x = room(stack.hidden)
        # Not yet normed: too large for float16 where x is long.
        wide = torch.float32 if stack.norm.dtype == torch.float16 else stack.norm.dtype
        self._qkv = room((stack.heads + 2 * stack.kv_heads) * stack.head_dim, wide)
        self._attended, self._inner = room(stack.heads * stack.head_dim), room(stack.inner)
        self._rotation = torch.view_as_real(stack.rotation)

    def __call__(self, rows: int, places: Tensor | int, early: bool, keys_only: bool = False) -> Tensor:
        """Run the first rows of `x`, in place; returns it, before the final norm.

        Args:
            places: int64 `[S, FIELDS]` whose first column has the position of each row; or that of all rows.
            early: as `Product`.
            keys_only: end when the last layer's key and value are in the cache.
        """
        x = self.x[:rows]
        for layer in self.layers:
            self._attend(layer, layer.qkv(x, self._qkv[:rows], early), places, early)
            if keys_only and layer is self.layers[-1]:
                break
            layer.out(self._attended[:rows], x, early)
            layer.down(layer.gate_up(x, self._inner[:rows], early), x, early)
        return x

    def _attend(self, layer: FusedLayer, qkv: Tensor, places: Tensor | int, early: bool) -> None:
        stack, uniform = self.stack, isinstance(places, int)
        positions, shared = layer.keys.shape[2], stack.heads // stack.kv_heads
        kernels.attend_one[(len(qkv), stack.kv_heads)](
            qkv,
            self._attended,
            layer.keys,
            layer.values,
            self._rotation,
            self.squares.parts,
            qkv if uniform else places,
            places if uniform else 0,
            len(self._rotation) - 1,
            self.squares.parts.shape[1],
            self.eps,
            score_scale(stack.head_dim),
            POSITIONS=positions,
            FIELDS=FIELDS,
            PENDING=Field.PENDING.value,
            HEADS=stack.heads,
            KV_HEADS=stack.kv_heads,
            D=stack.head_dim,
            GROUP=max(16, power_of_two(shared)),
            BLOCK=max(16, power_of_two(positions)) if positions <= 64 else 128 if len(qkv) == 1 else 64,
            UNIFORM=uniform,
            PARTIALS=self.squares.partials,
            PADDED=self.squares.padded,
            PRECISION=precision(self.x.dtype),
            num_warps=1 if positions <= 64 else 4 if len(qkv) == 1 else 2,
            num_stages=3,
            **launch(early),
        )


class FusedFrames:
    """A frame of the first slots of a state: decode what is pending, sample, report."""

    def __init__(self, state: State) -> None:
        weights, device = state.weights, state.numbers.device
        scratch = Scratch(device)
        self._state, self._weights = state, weights
        self.backbone = FusedStack(weights.backbone, state.cache, scratch, state.slots)
        self.depth = FusedStack(weights.depth, state.depth_cache, scratch, state.slots)
        squares, eps = self.depth.squares, self.depth.eps
        self.head = Product(weights.head, scratch, squares)
        self.project = Product(weights.project, scratch, squares, writes_x=True)
        self.heads = [Product(head, scratch, squares, norm_eps=eps) for head in weights.depth_heads]
        self._logits = torch.empty(state.slots, weights.codes, dtype=torch.float32, device=device)
        # Worth it for one row, which leaves most of the GPU idle at the end of each kernel.
        self.may_be_early = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)

    def __call__(self, rows: int, end: int = 0) -> None:
        """A frame; `end` is not needed, as each row attends to the positions that it has."""
        state, depth, early = self._state, self.depth, self.may_be_early and rows == 1
        self._embed(rows, early)
        self._settle(self.backbone(rows, state.numbers, early), early)
        hidden, logits = state.hidden[:rows], self._logits[:rows]
        self.project(hidden, depth.x[:rows], early)
        depth(rows, 0, early, keys_only=True)
        self.head(hidden, logits, early)
        self._draw(rows, 0, early)
        for book in range(1, self._weights.num_codebooks):
            self.heads[book - 1](depth(rows, book, early), logits, early)
            self._draw(rows, book, early)
        kernels.close_frame[(rows,)](
            state.codes,
            state.numbers,
            state.report,
            EOS=state.eos,
            FIELDS=FIELDS,
            FRAME=Field.FRAME.value,
            CAP=Field.CAP.value,
            RUNNING=Field.RUNNING.value,
            PENDING=Field.PENDING.value,
            K=self._weights.num_codebooks,
            PADDED=power_of_two(self._weights.num_codebooks),
            **launch(early),
        )

    def _embed(self, rows: int, early: bool) -> None:
        stack, weights = self.backbone, self._weights
        width = stack.x.shape[1]
        chunk = min(512, power_of_two(width))
        stack.squares.partials = -(-width // chunk)
        kernels.embed_frame[(rows, stack.squares.partials)](
            self._state.codes,
            weights.audio,
            stack.x,
            stack.squares.parts,
            stack.squares.parts.shape[1],
            VOCAB=weights.vocab,
            K=weights.num_codebooks,
            WIDTH=width,
            CHUNK=chunk,
            **launch(early),
        )

    def _settle(self, x: Tensor, early: bool) -> None:
        state = self._state
        kernels.settle_hidden[(len(x),)](
            x,
            self._weights.backbone.norm,
            state.hidden,
            state.numbers,
            self.backbone.eps,
            FIELDS=FIELDS,
            PENDING=Field.PENDING.value,
            LENGTH=Field.LENGTH.value,
            WIDTH=x.shape[1],
            PADDED=power_of_two(x.shape[1]),
            **launch(early),
        )

    def _draw(self, rows: int, book: int, early: bool) -> None:
        state, weights, depth = self._state, self._weights, self.depth
        kernels.draw_code[(rows,)](
            self._logits,
            state.numbers,
            state.temperatures,
            state.codes,
            weights.depth_audio,
            depth.x,
            depth.squares.parts,
            book,
            depth.squares.parts.shape[1],
            FIELDS=FIELDS,
            FRAME=Field.FRAME.value,
            KEY=Field.KEY.value,
            TOP_K=Field.TOP_K.value,
            DECODER=int(book > 0),
            V=weights.codes,
            VOCAB=weights.vocab,
            K=weights.num_codebooks,
            CANDIDATES=power_of_two(weights.codes),
            WIDTH=depth.x.shape[1],
            PADDED=power_of_two(depth.x.shape[1]),
            EMBED=book < weights.num_codebooks - 1,
            num_warps=8,
            **launch(early),
        )
        depth.squares.partials = 1
