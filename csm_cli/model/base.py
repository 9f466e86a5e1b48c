"""What all CSM modules share: the transformers base class, its flags and the initial weights."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn
from transformers import initialization as init
from transformers.modeling_utils import PreTrainedModel

from csm_cli.model.configuration import CsmConfig
from csm_cli.model.layers import CsmRotaryEmbedding


class CsmPreTrainedModel(PreTrainedModel):
    """Loading, saving and initial weights, as transformers does them."""

    config_class = CsmConfig
    base_model_prefix = "model"
    input_modalities = ("audio", "text")
    _no_split_modules: ClassVar = ["CsmDecoderLayer"]
    _supports_sdpa = True
    supports_gradient_checkpointing = True
    _can_compile_fullgraph = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, CsmRotaryEmbedding):
            init.copy_(module.frequencies, module.compute())
        elif isinstance(module, CsmCodebooksHead):
            init.normal_(module.weight, mean=0.0, std=self.config.initializer_range)
        elif isinstance(module, CsmFrameEmbedding):
            init.copy_(module.offsets, module.compute())


class CsmFrameEmbedding(nn.Module):
    """Codes → embeddings: the sum over codebooks of the rows `code_k + k * vocab` of one table.

    Args:
        config: `num_codebooks`, `vocab_size` and `hidden_size` are used.
    """

    offsets: torch.Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.num_codebooks, self.vocab_size = config.num_codebooks, config.vocab_size
        self.embed_audio_tokens = nn.Embedding(self.num_codebooks * self.vocab_size, config.hidden_size)
        self.register_buffer("offsets", self.compute(), persistent=False)

    def compute(self) -> torch.Tensor:
        """First row of each codebook in the table, int64 `[K]`, on the CPU."""
        return torch.arange(self.num_codebooks, device="cpu") * self.vocab_size

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Integer codes `[..., K]` → `[..., H]`."""
        return self.embed_audio_tokens(codes + self.offsets).sum(dim=-2)


class CsmCodebooksHead(nn.Module):
    """One output matrix per codebook 1 to K-1: weight `[K-1, H, vocab]`, used untransposed."""

    def __init__(self, hidden_size: int, num_codebooks: int, vocab_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_codebooks - 1, hidden_size, vocab_size))

    def forward(
        self, hidden: torch.Tensor, first: int = 0, books: torch.Tensor | None = None
    ) -> torch.Tensor:
        """hidden `[N, P, H]` → logits `[N, P, vocab]`; row p uses the matrix `first + p`, or `books[p]`."""
        weight = self.weight[first : first + hidden.shape[1]] if books is None else self.weight[books]
        return torch.einsum("nph,phv->npv", hidden, weight)
