"""Settings of `generate`: of the call, then of the checkpoint's `generation_config.json`, then defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.generation.configuration_utils import CompileConfig, GenerationConfig

from csm_cli.model.sampling import DecoderSampling, RowSampler

DEPTH = "depth_decoder_"
_DEFAULTS = {"do_sample": True, "temperature": 0.9, "top_k": 50, "top_p": 1.0, "max_new_tokens": 125}
_SAMPLING = ("do_sample", "temperature", "top_k", "top_p")
_SETTINGS = {
    *_SAMPLING,
    *(DEPTH + name for name in _SAMPLING),
    *("max_new_tokens", "max_length", "min_new_tokens", "min_length", "suppress_tokens", "use_cache"),
    *("cache_implementation", "compile_config", "disable_compile", "return_dict_in_generate"),
    *("output_scores", "output_logits", "output_hidden_states", "output_attentions"),
}
# Settings that a CSM does not have, and the values that change nothing.
_HARMLESS = {"num_beams": (1,), "num_return_sequences": (1,), "synced_gpus": (False,)}
_IGNORED = {
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    DEPTH + "cache_implementation",
    "transformers_version",
}


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of one call of `generate`.

    Attributes:
        backbone, depth: sampling of codebook 0, and of the others.
        frames: frames generated at most.
        least: frames before which codebook 0 cannot be the EOS code.
        suppressed: ids that codebook 0 may not take.
        static: the cache's shapes never change.
        compile: arguments of `torch.compile` for a step; None: not compiled.
        outputs: `output_…` and `return_…` flags by name.
    """

    backbone: DecoderSampling
    depth: DecoderSampling
    frames: int
    least: int
    suppressed: tuple[int, ...]
    static: bool
    compile: dict[str, Any] | None
    outputs: Mapping[str, bool]


def load_generation_config(model: Any, source: str | Path, **hub: Any) -> None:
    """Read a checkpoint's `generation_config.json`, if it has one.

    Settings that begin with `depth_decoder_` become the depth decoder's own, without that prefix.

    Args:
        source: a folder or a Hub id.
        hub: `revision`, `cache_dir`, `local_files_only`, `token` and `subfolder` are passed on.
    """
    names = ("revision", "cache_dir", "local_files_only", "token", "subfolder")
    passed = {name: hub[name] for name in names if hub.get(name) is not None}
    try:
        model.generation_config = GenerationConfig.from_pretrained(source, **passed)
    except OSError:
        return
    found = vars(model.generation_config)
    for name in [name for name in found if name.startswith(DEPTH)]:
        setattr(model.depth_decoder.generation_config, name.removeprefix(DEPTH), found.pop(name))


def save_generation_config(model: Any, folder: str | Path) -> None:
    """Write `generation_config.json`, with the depth decoder's settings under their prefix."""
    config = GenerationConfig(**_set_values(model.generation_config))
    for name, value in _set_values(model.depth_decoder.generation_config).items():
        setattr(config, DEPTH + name, value)
    Path(folder, "generation_config.json").write_text(config.to_json_string(), encoding="utf-8")


def _set_values(config: Any) -> dict[str, Any]:
    """The settings of a `GenerationConfig` or dict that are not None."""
    values = vars(config) if isinstance(config, GenerationConfig) else dict(config or {})
    return {name: value for name, value in values.items() if value is not None and not name.startswith("_")}


def read_settings(
    model: Any, call: dict[str, Any], config: Any, batch: int, prompt: int, device: torch.device
) -> GenerationSettings:
    """Combine call, stored settings and defaults.

    Args:
        call: keyword arguments of `generate`; None is as good as absent.
        config: its `generation_config`, a `GenerationConfig` or a dict, in place of the model's own.
        prompt: positions of the prompt, which `max_length` and `min_length` count too.

    Raises:
        ValueError: an unknown setting, or one that is not supported.
    """
    stored = _set_values(model.generation_config if config is None else config)
    if config is None:
        depth_config = getattr(model.depth_decoder, "generation_config", None)
        stored |= {DEPTH + name: value for name, value in _set_values(depth_config).items()}
    given = {name: value for name, value in call.items() if value is not None}
    for name, harmless in _HARMLESS.items():
        if given.get(name, harmless[0]) not in harmless:
            raise ValueError(f"a CSM cannot generate with {name}={given[name]}")
    if unknown := sorted(given.keys() - _SETTINGS - _HARMLESS.keys() - _IGNORED):
        raise ValueError(f"generate does not know {', '.join(unknown)}")
    if "do_sample" in given:
        # `do_sample` of the call holds for both decoders, unless the call has one for the depth decoder.
        stored.pop(DEPTH + "do_sample", None)
    chosen = _DEFAULTS | {k: v for k, v in stored.items() if k in _SETTINGS} | given
    # A length in the call outweighs one in the checkpoint, of whichever kind; both at once: the new tokens.
    if ("max_length" in given and "max_new_tokens" not in given) or (
        "max_length" in stored and "max_new_tokens" not in {**stored, **given}
    ):
        chosen["max_new_tokens"] = int(chosen["max_length"]) - prompt
    least = chosen.get("min_new_tokens") or max(0, int(chosen.get("min_length") or 0) - prompt)
    implementation = chosen.get("cache_implementation")
    if implementation not in (None, "static", "dynamic"):
        raise ValueError(f"no cache is called {implementation!r}, only 'static' and 'dynamic'")
    frames = int(chosen["max_new_tokens"])
    if frames < 1:
        raise ValueError(
            f"nothing is left to generate: max_length {chosen.get('max_length')}, prompt {prompt}"
        )
    return GenerationSettings(
        backbone=_sampling(model.config.num_codes, chosen, "", batch, device),
        depth=_sampling(model.config.num_codes, chosen, DEPTH, batch, device),
        frames=frames,
        least=int(least),
        suppressed=tuple(chosen.get("suppress_tokens") or ()),
        static=implementation == "static",
        compile=_compile_options(chosen, device) if implementation == "static" else None,
        outputs={
            name: bool(value) for name, value in chosen.items() if name.startswith(("output_", "return_"))
        },
    )


def depth_sampling(
    decoder: Any, call: dict[str, Any], batch: int, num_codes: int, device: torch.device
) -> DecoderSampling:
    """Sampling of a depth decoder that is called by itself.

    Raises:
        ValueError: an unknown setting.
    """
    if unknown := sorted(call.keys() - set(_SAMPLING)):
        raise ValueError(f"a depth decoder does not know {', '.join(unknown)}")
    stored = {
        name: value for name, value in _set_values(decoder.generation_config).items() if name in _SAMPLING
    }
    chosen = _DEFAULTS | stored | {name: value for name, value in call.items() if value is not None}
    return _sampling(num_codes, chosen, "", batch, device)


def _sampling(
    num_codes: int, chosen: dict[str, Any], prefix: str, batch: int, device: torch.device
) -> DecoderSampling:
    """From the settings under `prefix`, those without it where one is missing."""
    values = {}
    for name in _SAMPLING:
        value = chosen.get(prefix + name)
        values[name] = chosen[name] if value is None else value
    temperature = float(values["temperature"]) if values["do_sample"] else 0.0
    top_k = int(values["top_k"])
    sampler = RowSampler.of([temperature] * batch, [top_k] * batch, num_codes, device)
    return DecoderSampling(sampler, temperature, top_k, float(values["top_p"]))


def _compile_options(chosen: dict[str, Any], device: torch.device) -> dict[str, Any] | None:
    """Arguments of `torch.compile`. On a CPU only with a `compile_config`: compiling takes minutes there."""
    config = chosen.get("compile_config")
    if chosen.get("disable_compile") or (config is None and device.type == "cpu"):
        return None
    if isinstance(config, dict):
        return {"fullgraph": True, "dynamic": False, **config}
    settings = CompileConfig() if config is None else config
    names = ("fullgraph", "dynamic", "backend", "mode", "options")
    options = {name: getattr(settings, name) for name in names}
    return {name: value for name, value in options.items() if value is not None} | {"fullgraph": True}
