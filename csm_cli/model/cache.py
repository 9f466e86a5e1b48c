"""Keys and values kept between calls, and the mask that says which of them each position may see."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class KVCache:
    """Preallocated keys and values `[layers, B, kv heads, capacity, head dim]` with a write position.

    Args:
        capacity: positions in all; a write beyond it is an error.

    Attributes:
        length: positions written. The owner of a forward pass moves it on, once all layers have written.
    """

    def __init__(
        self,
        layers: int,
        batch: int,
        heads: int,
        capacity: int,
        head_dim: int,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        shape = (layers, batch, heads, capacity, head_dim)
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.length = 0

    @classmethod
    def of(cls, config: Any, batch: int, capacity: int, like: Tensor) -> KVCache:
        """A cache for the layers of `config`, with dtype and device of `like`."""
        return cls(
            config.num_hidden_layers,
            batch,
            config.num_key_value_heads,
            capacity,
            config.head_dim,
            dtype=like.dtype,
            device=like.device,
        )

    @property
    def capacity(self) -> int:
        """Positions there is room for."""
        return self.keys.shape[3]

    def get_seq_length(self) -> int:
        """Positions written (the name that transformers' caches give it)."""
        return self.length

    def update(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store T new positions of a layer, `[B, heads, T, D]`; return all of them, `[B, heads, length + T,
        D]`.

        Raises:
            ValueError: no room is left.
        """
        end = self.length + key.shape[2]
        if end > self.capacity:
            raise ValueError(f"the cache holds {self.capacity} positions, {end} are needed")
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


def attention_mask_4d(
    attention_mask: Tensor | None, length: int, past: int, device: torch.device
) -> Tensor | None:
    """What T = `length` new positions may see of the S = past + T there are: bool `[B or 1, 1, T, S]`, or
    None.

    None means plain causal attention (or, for a single new position, all of the past), which needs no mask.

    Args:
        attention_mask: None; `[B, S]` with 1 or True where there is a token; or 4-D, which is taken as it is.

    Raises:
        ValueError: the mask has another shape.

    A padded position sees itself, so that its softmax is defined; nobody sees a padded position.
    """
    if attention_mask is not None and attention_mask.ndim == 4:
        return attention_mask
    total = past + length
    if attention_mask is None:
        if past == 0 or length == 1:
            return None
        return torch.ones(length, total, dtype=torch.bool, device=device).tril(past)[None, None]
    if attention_mask.ndim != 2 or attention_mask.shape[1] != total:
        raise ValueError(f"attention_mask must be [batch, {total}], got {tuple(attention_mask.shape)}")
    causal = torch.ones(length, total, dtype=torch.bool, device=device).tril(past)
    itself = torch.eye(length, total, dtype=torch.bool, device=device)
    if past:
        itself = torch.arange(total, device=device) == (torch.arange(length, device=device) + past)[:, None]
    return ((causal & attention_mask.bool()[:, None]) | itself)[:, None]
