"""From what a user calls a Whisper to its folder in CTranslate2's format. Nothing is downloaded here."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.find import in_hub_cache, looks_like_hub_id
from csm_cli.core.errors import MissingError, first_line, is_foreign
from csm_cli.core.files import cache_dir
from csm_cli.core.stored import parsed
from csm_cli.verify.recognisers.recogniser import WHISPER

DEFAULT_SIZE = "base"
CHOICES = "give whisper, whisper:SIZE, the folder or the Hub name of a Whisper, or pocketsphinx"
REPOSITORIES = {
    **{
        size: f"Systran/faster-whisper-{size}"
        for base in ("tiny", "base", "small", "medium")
        for size in (base, f"{base}.en")
    },
    "large-v3": "Systran/faster-whisper-large-v3",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Where the weights of each size are on the Hub, in CTranslate2's format."""
FIRST_MERGE = ("Ġ", "t")
_COPIED = ("tokenizer.json", "preprocessor_config.json")


def find_whisper(model: str) -> Path:
    """The folder of a Whisper that faster-whisper loads.

    Args:
        model: "whisper", "whisper:SIZE", a folder, or a repository that lies in the Hub cache. Weights in
            transformers' format are converted into csm's cache folder, once.

    Raises:
        MissingError: it is not there or cannot be converted.
    """
    name, _, size = model.partition(":")
    path = Path(model).expanduser()
    if name == WHISPER and not path.is_dir():
        size = size or DEFAULT_SIZE
        if size not in REPOSITORIES:
            raise MissingError(
                f"no such size of Whisper: {size!r}", where=model, remedy=f"choose {', '.join(REPOSITORIES)}"
            )
        folder = in_hub_cache(REPOSITORIES[size], None)
    elif path.is_dir():
        folder = path
    elif looks_like_hub_id(model):
        folder = in_hub_cache(model, None)
    else:
        raise MissingError("no such recogniser", where=model, remedy=CHOICES)
    if (folder / "model.bin").is_file() and (folder / "tokenizer.json").is_file():
        return folder
    if (folder / "model.safetensors").is_file() or (folder / "pytorch_model.bin").is_file():
        return _converted(folder)
    raise MissingError(
        "the recogniser cannot be loaded (no weights in its folder)", where=model, remedy=CHOICES
    )


def text_tokenizer(folder: Path) -> Any:
    """The tokenizer of a Whisper's folder, for texts that it did not write itself.

    The files of converted checkpoints lack the first merge, that of a space and a "t": so "to" would be two
    tokens that the model never saw for it.

    Raises:
        MissingError: the file is damaged.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        said = parsed(path.read_bytes())
        merges = said["model"].get("merges", [])
        as_pairs = bool(merges) and isinstance(merges[0], list)
        first = list(FIRST_MERGE) if as_pairs else " ".join(FIRST_MERGE)
        if "".join(FIRST_MERGE) in said["model"]["vocab"] and first not in merges:
            merges.insert(0, first)
        return Tokenizer.from_str(json.dumps(said))
    except BaseException as error:  # the Rust side raises bare Exception, and panics
        if not is_foreign(error):
            raise
        raise MissingError(
            f"cannot be read ({first_line(error)})", where=str(path), remedy="fetch the recogniser again"
        ) from error


def _converted(folder: Path) -> Path:
    """A copy of transformers weights in CTranslate2's format, float16, made at its first use."""
    from filelock import FileLock

    weights = next(p for name in ("model.safetensors", "pytorch_model.bin") if (p := folder / name).is_file())
    about = weights.resolve().stat()
    key = hashlib.sha256(f"{weights.resolve()} {about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache_dir() / "whisper" / key
    if (target / "model.bin").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not (target / "model.bin").is_file():
            unfinished = target.with_suffix(".part")
            try:
                _convert(folder, unfinished)
                unfinished.replace(target)
            except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
                raise MissingError(
                    f"the recogniser cannot be converted ({first_line(error)})",
                    where=str(folder),
                    remedy=CHOICES,
                ) from error
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _convert(folder: Path, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    present = [name for name in _COPIED if (folder / name).is_file()]
    converter = TransformersConverter(str(folder), copy_files=present)
    converter.convert(str(target), quantization="float16", force=True)
    if "tokenizer.json" not in present:
        from transformers import WhisperTokenizerFast

        WhisperTokenizerFast.from_pretrained(folder).save_pretrained(target)
