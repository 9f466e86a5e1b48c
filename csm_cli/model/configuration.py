"""Shapes and ids of a CSM, read from and written to `config.json` as transformers does.

Both spellings of the rotary settings are read (`rope_theta` + `rope_scaling`, and `rope_parameters`). The
defaults have the sizes of csm-1b but no rotary scaling: load csm-1b from its own `config.json`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.mimi.configuration_mimi import MimiConfig


@strict
class CsmDepthDecoderConfig(PreTrainedConfig):
    """Shape of the depth decoder, which generates codebooks 1 and up of one frame.

    Args:
        num_codebooks: codebooks K of a frame; the decoder has K positions (the backbone's hidden state, then
            codebooks 0 to K-2) and predicts codebooks 1 to K-1.
        backbone_hidden_size: width H of the backbone's hidden state and of the audio table.
        vocab_size: ids per codebook, special ones included.
        rope_parameters: `rope_theta`, `rope_type` ("default" or "llama3") and the scaling's numbers.
    """

    model_type = "csm_depth_decoder_model"
    base_config_key = "depth_decoder_config"
    keys_to_ignore_at_inference: ClassVar = ["past_key_values"]
    attribute_map: ClassVar = {"codebook_size": "vocab_size"}
    default_theta = 500000.0

    num_codebooks: int = 32
    backbone_hidden_size: int = 2048
    vocab_size: int = 2051
    hidden_size: int = 1024
    intermediate_size: int = 8192
    num_hidden_layers: int = 4
    num_attention_heads: int = 8
    num_key_value_heads: int | None = 2
    hidden_act: str = "silu"
    max_position_embeddings: int = 33
    initializer_range: float = 0.02
    rms_norm_eps: float = 1e-5
    use_cache: bool = True
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    rope_parameters: dict[str, Any] | None = None
    attention_bias: bool = False
    attention_dropout: float | int | None = 0.0
    mlp_bias: bool = False
    head_dim: int | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        kwargs.pop("tie_word_embeddings", None)
        _fill_heads(self)
        super().__post_init__(**kwargs)


@strict
class CsmConfig(PreTrainedConfig):
    """Shape and ids of a whole CSM: backbone, depth decoder and codec.

    Args:
        num_codebooks: codebooks K of a frame.
        vocab_size: ids per codebook, special ones included.
        text_vocab_size: rows of the text table.
        codebook_eos_token_id: the id that every codebook of an EOS frame has.
        codebook_pad_token_id: fills the rows of finished lines in `generate`.
        audio_token_id: placeholder of an audio frame in text ids.
        audio_eos_token_id: placeholder of an EOS frame in text ids.
        tie_codebooks_embeddings: backbone and depth decoder share one audio table.
        depth_decoder_config: `CsmDepthDecoderConfig`, or its fields as a dict.
        codec_config: `transformers.MimiConfig`, or its fields as a dict.
    """

    model_type = "csm"
    base_config_key = "csm_config"
    keys_to_ignore_at_inference: ClassVar = ["past_key_values", "depth_decoder_past_key_values"]
    attribute_map: ClassVar = {"codebook_size": "vocab_size"}
    sub_configs: ClassVar = {"codec_config": MimiConfig, "depth_decoder_config": CsmDepthDecoderConfig}
    default_theta = 500000.0

    num_codebooks: int = 32
    vocab_size: int = 2051
    text_vocab_size: int = 128256
    hidden_size: int = 2048
    intermediate_size: int = 8192
    num_hidden_layers: int = 16
    num_attention_heads: int = 32
    num_key_value_heads: int | None = 8
    hidden_act: str = "silu"
    max_position_embeddings: int = 2048
    initializer_range: float = 0.02
    rms_norm_eps: float = 1e-5
    use_cache: bool = True
    pad_token_id: int | None = 128002
    codebook_pad_token_id: int = 2050
    codebook_eos_token_id: int = 0
    bos_token_id: int | None = 128000
    eos_token_id: int | list[int] | None = None
    audio_token_id: int = 128002
    audio_eos_token_id: int = 128003
    rope_parameters: dict[str, Any] | None = None
    attention_bias: bool = False
    attention_dropout: float | int | None = 0.0
    mlp_bias: bool = False
    head_dim: int | None = None
    tie_codebooks_embeddings: bool | None = True
    depth_decoder_config: Any = None
    codec_config: Any = None

    def __post_init__(self, **kwargs: Any) -> None:
        kwargs.pop("tie_word_embeddings", None)
        if self.depth_decoder_config is None or isinstance(self.depth_decoder_config, dict):
            self.depth_decoder_config = CsmDepthDecoderConfig(**(self.depth_decoder_config or {}))
        if self.codec_config is None or isinstance(self.codec_config, dict):
            self.codec_config = MimiConfig(**(self.codec_config or {}))
        _fill_heads(self)
        super().__post_init__(**kwargs)
        # The base class ties what `_tied_weights_keys` names when this is set. Here that is the audio table;
        # text table and output head are never tied.
        self.tie_word_embeddings = bool(self.tie_codebooks_embeddings)

    @property
    def num_codes(self) -> int:
        """Codes a codebook of the codec has; ids at or above it cannot be decoded and are never sampled."""
        return num_codes(self)

    def validate_token_ids(self) -> None:
        """Accept ids beyond `vocab_size`: they belong to the text table, and pad ids are never looked up."""

    def to_dict(self) -> dict[str, Any]:
        """As the base class, with `tie_word_embeddings` false: transformers 5.17 refuses to load it as
        true.
        """
        return super().to_dict() | {"tie_word_embeddings": False}


def num_codes(config: Any) -> int:
    """`CsmConfig.num_codes`, of transformers' config, too."""
    return min(config.vocab_size, config.codec_config.codebook_size)


def _fill_heads(config: Any) -> None:
    if config.num_key_value_heads is None:
        config.num_key_value_heads = config.num_attention_heads
    if config.head_dim is None:
        config.head_dim = config.hidden_size // config.num_attention_heads
