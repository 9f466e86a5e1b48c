"""The demo voice's shape and alphabet, and how its parts become one checkpoint folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ALPHABET = [chr(code) for code in range(32, 127)]
SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>", "<|pad|>")
BOS, END, AUDIO, AUDIO_EOS, PAD = range(len(ALPHABET), len(ALPHABET) + len(SPECIAL))
CODEBOOKS, CODES = 12, 512
_ID = {character: i for i, character in enumerate(ALPHABET)}

# As the tokenizer of csm-1b has it: text and audio of a turn, audio only where there is some.
CHAT_TEMPLATE = (
    "{%- for message in messages %}{{- '<|begin_of_text|>[' + message['role'] + ']' }}"
    "{%- for content in message['content'] %}"
    "{%- if content['type'] == 'text' %}{{- content['text'] + '<|end_of_text|>' }}"
    "{%- elif content['type'] == 'audio' %}{{- '<|AUDIO|><|audio_eos|>' }}"
    "{%- endif %}{%- endfor %}{%- endfor %}"
)


def text_ids(tag: int, text: str) -> list[int]:
    """BOS, `[tag]text`, end of text; a character outside the alphabet becomes a space."""
    return [BOS, *(_ID.get(c, 0) for c in f"[{tag}]{text}"), END]


def codec_config() -> Any:
    """A small Mimi: 24 kHz, 12.5 frames a second, 12 codebooks of 512."""
    from transformers import MimiConfig

    return MimiConfig(
        sampling_rate=24000,
        frame_rate=12.5,
        num_filters=24,
        hidden_size=256,
        upsample_groups=256,
        upsampling_ratios=[8, 6, 5, 4],
        last_kernel_size=7,
        residual_kernel_size=5,
        codebook_size=CODES,
        codebook_dim=128,
        vector_quantization_hidden_dimension=128,
        num_quantizers=CODEBOOKS,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=64,
        intermediate_size=768,
        layer_scale_initial_scale=0.1,
        # A second of attention: no more than the crops it is trained on show it.
        sliding_window=25,
    )


def voice_config(codec: Any | None = None) -> Any:
    """The CSM: backbone of 16.1 M parameters, depth decoder of 3.3 M, tables and heads of 4.5 M."""
    from csm_cli.model import CsmConfig

    rope = {"rope_type": "default", "rope_theta": 10000.0}
    return CsmConfig(
        num_codebooks=CODEBOOKS,
        vocab_size=CODES + 3,
        text_vocab_size=len(ALPHABET) + len(SPECIAL),
        hidden_size=448,
        intermediate_size=1152,
        num_hidden_layers=8,
        num_attention_heads=7,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=2048,
        max_characters=250,  # longer lines are read less well: csm splits them
        shipped_speakers=8,  # lower tags are the shipped voices' own, others take the context's voice
        rope_parameters=dict(rope),
        bos_token_id=BOS,
        pad_token_id=PAD,
        audio_token_id=AUDIO,
        audio_eos_token_id=AUDIO_EOS,
        codebook_pad_token_id=CODES + 2,
        codebook_eos_token_id=0,
        tie_codebooks_embeddings=True,
        codec_config=(codec or codec_config()).to_dict(),
        depth_decoder_config={
            "num_codebooks": CODEBOOKS,
            "backbone_hidden_size": 448,
            "vocab_size": CODES + 3,
            "hidden_size": 256,
            "intermediate_size": 768,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "max_position_embeddings": CODEBOOKS + 1,
            "rope_parameters": dict(rope),
        },
    )


def write_tokenizer(folder: Path) -> None:
    """The character tokenizer, its chat template and the feature extractor's settings."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(
        models.WordLevel({**_ID, **dict(zip(SPECIAL, range(BOS, PAD + 1), strict=True))}, " ")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[0]} $A {SPECIAL[1]}", special_tokens=[(SPECIAL[0], BOS), (SPECIAL[1], END)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        pad_token=SPECIAL[4],
        unk_token=" ",
        padding_side="left",
        extra_special_tokens=[SPECIAL[2], SPECIAL[3]],
        model_max_length=2048,
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    extractor = {
        "feature_extractor_type": "EncodecFeatureExtractor",
        "feature_size": 1,
        "padding_side": "right",
        "padding_value": 0.0,
        "processor_class": "CsmProcessor",
        "return_attention_mask": True,
        "sampling_rate": 24000,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(extractor, indent=2) + "\n")


def assemble(folder: Path, voice: Path, codec: Path) -> None:
    """Join trained weights (`voice`: a safetensors file, `codec`: a Mimi folder) into a checkpoint in
    float16."""
    import torch
    from safetensors.torch import load_file
    from transformers import MimiModel

    from csm_cli.model import CsmForConditionalGeneration

    mimi = MimiModel.from_pretrained(codec, local_files_only=True)
    mimi.config._name_or_path = ""  # a folder of the machine it was trained on
    model = CsmForConditionalGeneration(voice_config(mimi.config))
    missing, unexpected = model.load_state_dict(load_file(voice), strict=False)
    tied = "backbone_model.embed_tokens.embed_audio_tokens.weight"  # comes with the depth decoder's table
    missing = [name for name in missing if name != tied and not name.startswith("codec_model.")]
    if unexpected or missing:
        raise ValueError(f"{voice}: does not fit the shape: {unexpected[:3]} {missing[:3]}")
    model.codec_model.load_state_dict(mimi.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(folder)
    write_tokenizer(folder)
    settings = {
        "bos_token_id": BOS,
        "pad_token_id": PAD,
        "do_sample": True,
        "temperature": 0.5,
        "top_k": 10,
        "depth_decoder_do_sample": True,
        "depth_decoder_temperature": 0.2,
        "depth_decoder_top_k": 10,
        "max_new_tokens": 375,
    }
    (folder / "generation_config.json").write_text(json.dumps(settings, indent=2) + "\n")
