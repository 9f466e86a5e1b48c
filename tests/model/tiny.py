"""Tiny CSMs with csm-1b's peculiarities: llama3 rotary scaling, grouped queries, head dim ≠ hidden / heads.

Codes 32 … 34 are ones that the codec lacks, as 2048 … 2050 are in csm-1b.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>", "<|pad|>")
LETTERS = " !',-.0123456789?[]abcdefghijklmnopqrstuvwxyz"
BOS, END, AUDIO, AUDIO_EOS, PAD = range(len(LETTERS), len(LETTERS) + len(SPECIAL))
CODES, BOOKS = 32, 5

CODEC = {
    "hidden_size": 32,
    "num_filters": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "codebook_size": CODES,
    "codebook_dim": 16,
    "vector_quantization_hidden_dimension": 16,
    "num_quantizers": BOOKS,
    "upsample_groups": 32,
    "sliding_window": 16,
}


def rope(original: int, low: float, high: float) -> dict[str, Any]:
    """Settings of the kind that csm-1b has."""
    return {
        "rope_theta": 500000.0,
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": original,
    }


def tiny_config() -> dict[str, Any]:
    """Arguments of a CsmConfig, transformers' or ours."""
    return {
        "num_codebooks": BOOKS,
        "vocab_size": CODES + 3,
        "text_vocab_size": len(LETTERS) + len(SPECIAL),
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 256,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "audio_token_id": AUDIO,
        "audio_eos_token_id": AUDIO_EOS,
        "codebook_pad_token_id": CODES + 2,
        "rope_parameters": rope(32, 0.125, 0.5),
        "depth_decoder_config": {
            "num_codebooks": BOOKS,
            "backbone_hidden_size": 48,
            "vocab_size": CODES + 3,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "max_position_embeddings": BOOKS + 1,
            "rope_parameters": rope(4, 0.001953125, 0.0078125),
        },
        "codec_config": {"model_type": "mimi", **CODEC},
    }


def randomise(model: torch.nn.Module) -> None:
    """Weights large enough that every part of the model matters to its codes."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "codec" not in name and parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15)
            elif "codec" not in name:
                parameter.copy_(1 + torch.randn(parameter.shape, generator=generator) * 0.1)
        for name, buffer in model.named_buffers():
            if name.endswith("embed_sum"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator))


def only_real_codes(model: Any) -> Any:
    """Make a transformers CSM greedy and suppress the codes that the codec lacks on both levels.

    Ours never samples them; without this, greedy codes of the two differ for a reason that is not
    the mathematics.
    """
    for module in (model, model.depth_decoder):
        module.generation_config.do_sample = False
        module.generation_config.suppress_tokens = [CODES, CODES + 1, CODES + 2]
    return model


def reference(config: dict[str, Any]) -> Any:
    """A transformers CSM with initial weights, eval; not every version ties the audio table by itself."""
    model = transformers.CsmForConditionalGeneration(transformers.CsmConfig(**config)).eval()
    model.depth_decoder.model.embed_tokens.weight = (
        model.backbone_model.embed_tokens.embed_audio_tokens.weight
    )
    return model


def tiny_reference() -> Any:
    """A random transformers CSM, float32, eval, `only_real_codes`."""
    torch.manual_seed(0)
    model = reference(tiny_config())
    randomise(model)
    return only_real_codes(model)


def write_tokenizer(folder: Path) -> None:
    """A character tokenizer with CSM's special tokens, and the feature extractor's settings."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    vocabulary = {token: i for i, token in enumerate([*LETTERS, *SPECIAL])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, " "))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[0]} $A {SPECIAL[1]}", special_tokens=[(SPECIAL[0], BOS), (SPECIAL[1], END)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], pad_token=SPECIAL[4], padding_side="left"
    ).save_pretrained(folder)
    transformers.EncodecFeatureExtractor().save_pretrained(folder)


def prompt(texts: list[str], pad_to: int = 0) -> list[int]:
    """Ids of bare segments, without audio."""
    ids = [i for text in texts for i in (BOS, *(LETTERS.index(c) for c in text), END)]
    return [PAD] * (pad_to - len(ids)) + ids
