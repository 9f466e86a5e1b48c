"""Keys and values kept between calls, and the mask of those that each position attends to.

Three kinds with the same five methods: `KVCache` returns what is written so far, `StaticKVCache` always all
of its capacity (so that shapes never change and a step compiles once), `BorrowedCache` wraps one of
transformers'.
"""

from __future__ import annotations

from typing import Any, Self

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
    def of(cls, config: Any, batch: int, capacity: int, like: Tensor) -> Self:
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

    @property
    def start(self) -> int | Tensor:
        """The next position to be written."""
        return self.length

    def get_seq_length(self, layer: int = 0) -> int:
        """Positions written (the name that transformers' caches give it)."""
        return self.length

    def positions(self, length: int, device: torch.device) -> Tensor:
        """Numbers of the next `length` positions, int64 `[length]`."""
        return torch.arange(self.length, self.length + length, device=device)

    def mask(self, attention_mask: Tensor | None, length: int, device: torch.device) -> Tensor | None:
        """What the next `length` positions attend to, as `attention_mask_4d`."""
        return attention_mask_4d(attention_mask, length, self.length, device)

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

    def advance(self, length: int) -> None:
        """All layers have written `length` positions."""
        self.length += length


class StaticKVCache(KVCache):
    """A cache whose shapes never change: it returns all of its capacity, and a mask hides what is not
    written.

    Attributes:
        position: positions written, int64 `[]` on the device, moved on in place, so that a compiled step
            needs no new graph when it moves. A write beyond the capacity is the caller's to prevent.
    """

    def __init__(self, *shape: int, **kind: Any) -> None:
        super().__init__(*shape, **kind)
        self.position = torch.zeros((), dtype=torch.long, device=kind.get("device"))
        for tensor in (self.keys, self.values, self.position):
            # A recorded step writes to them where they are.
            torch._dynamo.mark_static_address(tensor)

    def suits(self, batch: int, like: Tensor) -> bool:
        """Whether it has so many rows, and dtype and device of `like`."""
        return (batch, like.dtype, like.device) == (self.keys.shape[1], self.keys.dtype, self.keys.device)

    def reset(self) -> None:
        """Begin anew. What is not attended to must be finite all the same."""
        self.position.zero_()
        self.values.zero_()

    @property
    def start(self) -> int | Tensor:
        return self.position

    def get_seq_length(self, layer: int = 0) -> int:
        return int(self.position)

    def positions(self, length: int, device: torch.device) -> Tensor:
        return torch.arange(length, device=device) + self.position

    def mask(self, attention_mask: Tensor | None, length: int, device: torch.device) -> Tensor | None:
        return _mask_of_slots(attention_mask, self.positions(length, device), self.capacity)

    def update(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        where = self.positions(key.shape[2], key.device)
        self.keys[layer].index_copy_(2, where, key)
        self.values[layer].index_copy_(2, where, value)
        return self.keys[layer], self.values[layer]

    def advance(self, length: int) -> None:
        self.position.add_(length)


class BorrowedCache:
    """One of transformers' caches (`DynamicCache`, `StaticCache`), written to as our own are."""

    def __init__(self, cache: Any) -> None:
        self.cache = cache
        self.length = int(cache.get_seq_length())
        # A cache of fixed size returns all of it; the first layer has the number.
        layers = list(getattr(cache, "layers", ()))
        self.capacity: int | None = getattr(layers[0], "max_cache_len", None) if layers else None

    @property
    def start(self) -> int | Tensor:
        return self.length

    def positions(self, length: int, device: torch.device) -> Tensor:
        return torch.arange(self.length, self.length + length, device=device)

    def mask(self, attention_mask: Tensor | None, length: int, device: torch.device) -> Tensor | None:
        if self.capacity is None:
            return attention_mask_4d(attention_mask, length, self.length, device)
        return _mask_of_slots(attention_mask, self.positions(length, device), self.capacity)

    def update(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        return self.cache.update(key, value, layer)

    def advance(self, length: int) -> None:
        self.length += length


AnyCache = KVCache | BorrowedCache


def as_cache(cache: Any) -> AnyCache | None:
    """A cache of ours as it is, one of transformers' wrapped, None as None."""
    return cache if cache is None or isinstance(cache, KVCache) else BorrowedCache(cache)


def attention_mask_4d(
    attention_mask: Tensor | None, length: int, past: int, device: torch.device
) -> Tensor | None:
    """What T = `length` new positions attend to of the S = past + T there are: bool `[B or 1, 1, T, S]`, or
    None.

    None means plain causal attention (or, for a single new position, all of the past), which needs no mask.

    Args:
        attention_mask: None; `[B, S]` with 1 or True where there is a token; or 4-D, which is taken as it is.

    Raises:
        ValueError: the mask has another shape.

    A padded position attends to itself, so that its softmax is defined; no other attends to it.
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
    return _mask_of_slots(attention_mask, torch.arange(past, total, device=device), total)


def _mask_of_slots(attention_mask: Tensor | None, positions: Tensor, capacity: int) -> Tensor:
    """What the positions `[T]` attend to of `capacity` slots: bool `[B or 1, 1, T, capacity]`.

    A mask shorter than the capacity is taken to go on with ones: what is not written lies in the future.
    """
    if attention_mask is not None and attention_mask.ndim == 4:
        return attention_mask
    slots = torch.arange(capacity, device=positions.device)
    visible = (slots <= positions[:, None])[None]
    if attention_mask is not None:
        missing = capacity - attention_mask.shape[1]
        real = torch.nn.functional.pad(attention_mask.bool(), (0, missing), value=True)
        visible = (visible & real[:, None]) | (slots == positions[:, None])
    return visible[:, None]


def next_scores(decoder: Any, inputs: Tensor, book: int | Tensor, cache: KVCache) -> Tensor:
    """Logits `[B, vocab]` of a codebook, an integer or int64 `[1]`, from what is not yet in the cache.

    Args:
        decoder: a `CsmDepthDecoderForCausalLM`.
        inputs: embeddings `[B, P, H]`.
    """
    state = decoder.model(inputs_embeds=inputs, past_key_values=cache).last_hidden_state[:, -1:]
    which: Any = {"first": book - 1} if isinstance(book, int) else {"books": book - 1}
    return decoder.codebooks_head(state, **which)[:, 0]


class CompiledDepthStep:
    """`next_scores` compiled, and the static cache that it writes to.

    A step, as the compilation of a whole frame takes minutes.

    Args:
        options: of `torch.compile`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._step: Any = torch.compile(next_scores, **options)
        self._cache: StaticKVCache | None = None
        self._numbers: list[Tensor] = []

    def cache(self, decoder: Any, like: Tensor) -> StaticKVCache:
        """An empty cache for as many rows as `like` has, always the same one."""
        kept = self._cache
        if kept is None or not kept.suits(len(like), like):
            with torch.inference_mode(False):  # for calls within it and without
                kept = StaticKVCache.of(decoder.config, len(like), decoder.config.num_codebooks, like)
            books = torch.arange(decoder.config.num_codebooks, device=like.device)
            self._numbers = [each.clone() for each in books.split(1)]
        kept.reset()
        self._cache = kept
        return kept

    def scores(self, decoder: Any, inputs: Tensor, book: int, cache: KVCache) -> Tensor:
        """As `next_scores`. A copy: a recorded step writes all of its results to the same place."""
        return self._step(decoder, inputs, self._numbers[book], cache).clone()
