"""A checkpoint in the transformers format with random weights, for what must hold whatever a model says."""

from __future__ import annotations

from pathlib import Path


def write_tiny_checkpoint(folder: Path) -> Path:
    """Save a small random CSM with the demo voice's tokenizer in `folder`; it babbles and seldom ends."""
    import torch
    import transformers

    from recipes.demo_voice.shape import codec_config, voice_config, write_tokenizer

    codec = codec_config()
    codec.num_filters, codec.num_hidden_layers, codec.num_quantizers = 4, 1, 4
    config = voice_config(codec).to_dict()
    small = {"num_codebooks": 4, "num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 64}
    small |= {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
    config |= small | {"max_characters": 60}
    config["depth_decoder_config"] |= small | {"max_position_embeddings": 5, "backbone_hidden_size": 64}
    torch.manual_seed(0)
    model = transformers.CsmForConditionalGeneration(transformers.CsmConfig.from_dict(config))
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder
