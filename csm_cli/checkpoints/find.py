"""From the name a user gives to a checkpoint's files: a folder, a weight file, a Hub id, an adapter on top of
either.

Nothing is downloaded here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.config import (
    check_config,
    check_tensors,
    from_flavours,
    is_original,
    read_json,
    unify,
)
from csm_cli.checkpoints.lora import CONFIG as ADAPTER_CONFIG
from csm_cli.checkpoints.lora import is_adapter, merge_adapter
from csm_cli.checkpoints.names import Format, detect, from_original
from csm_cli.checkpoints.tensors import DAMAGED, PICKLES, Tensors, open_weights
from csm_cli.core.errors import MissingError
from csm_cli.core.files import is_file, is_folder, real

DEMO = "demo"
"""What the embedded voice is called, wherever a model is named."""
DEMO_CHECKPOINT = Path(__file__).parent / DEMO
"""The checkpoint of the embedded voice."""

MIMI = "kyutai/mimi"
"""The codec's own repository: where the original release's weights take it from."""

SMALL_FILES = (
    *("config.json", "generation_config.json", "preprocessor_config.json", "adapter_config.json"),
    *("tokenizer*", "special_tokens_map.json", "chat_template*"),
    *("vocab.json", "merges.txt", "added_tokens.json", "normalizer.json", "vocabulary.*"),  # a Whisper's
)
WEIGHT_FILES = ("transformers*", "model*", "adapter_model*")
FILES = (*SMALL_FILES, *WEIGHT_FILES)
"""What a checkpoint is made of on the Hub; csm-1b's repository holds twelve gigabytes more that are not
used.
"""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found.

    Attributes:
        model_id: a Hub id, or the name of its folder.
        folder: of its files.
        config: `config.json` of the transformers format, rotary settings under `rope_parameters` in every
            part.
        weights: the files that hold the tensors.
        codec: folder of the codec's own checkpoint, if the weights come without it.
        base: what an adapter changes; its files are used where the adapter's folder has none.
        raw: the tensors, if the search has opened them already.
    """

    model_id: str
    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...] = ()
    codec: Path | None = None
    base: Checkpoint | None = None
    raw: Tensors | None = field(default=None, repr=False, compare=False)

    @property
    def format(self) -> Format:
        """How the files name their tensors.

        Raises:
            MissingError: the weights are damaged, or of another model.
        """
        if self.base is not None:
            return self.base.format
        return detect(self._stored(), str(self.folder))

    def file(self, name: str) -> Path | None:
        """A small file of the checkpoint, the adapter's before the base's; None if there is none."""
        for folder in (self.folder, *((self.base.folder,) if self.base else ())):
            if (folder / name).is_file():
                return folder / name
        return None

    @property
    def tokenizer_file(self) -> Path:
        """`tokenizer.json`.

        Raises:
            MissingError: there is none.
        """
        path = self.file("tokenizer.json")
        if path is None:
            raise MissingError("the checkpoint has no tokenizer.json", where=str(self.folder), remedy=DAMAGED)
        return path

    @property
    def identity_files(self) -> tuple[Path, ...]:
        """The files that the codes depend on, given sampler, prompt and seed."""
        codec = _weight_files(self.codec, {}) if self.codec else []
        adapter = sorted(self.folder.glob("adapter_model*.safetensors")) if self.base else []
        small = [self.file(name) for name in ("config.json", "tokenizer.json", ADAPTER_CONFIG)]
        return (*self.weights, *codec, *adapter, *(path for path in small if path))

    def generation_config(self) -> dict[str, Any]:
        """`generation_config.json`; empty if there is none.

        Raises:
            MissingError: it cannot be read, or a number in it is not one from 0 up.
        """
        path = self.file("generation_config.json")
        settings = {} if path is None else read_json(path)
        for name, value in settings.items():
            numeric = name.removeprefix("depth_decoder_") in ("temperature", "top_k", "top_p")
            if numeric and value is not None and (not isinstance(value, (int, float)) or value < 0):
                raise MissingError(f"{name} is {value!r}, not a number from 0 up", where=str(path))
        return settings

    def tensors(self) -> Tensors:
        """All tensors under the names of the transformers format, codec included, read on access.

        Raises:
            MissingError: a file is missing or damaged, or the tensors are those of another model.
        """
        if self.base is not None:
            return merge_adapter(self.base.tensors(), self.folder, read_json(self.folder / ADAPTER_CONFIG))
        stored = self._stored()
        if detect(stored, str(self.folder)) == "original":
            stored = from_original(stored, self.config)
        check_tensors(stored, self.config)
        if self.codec is None or any(name.startswith("codec_model.") for name in stored):
            return stored
        codec = open_weights(_weight_files(self.codec, {}))
        shapes = {f"codec_model.{name}": shape for name, shape in codec.shapes.items()}

        def read(name: str) -> Any:
            return stored[name] if name in stored else codec[name.removeprefix("codec_model.")]

        return Tensors({**stored.shapes, **shapes}, read, stored.where)

    def _stored(self) -> Tensors:
        return self.raw if self.raw is not None else open_weights(self.weights)


def find_checkpoint(model: str | Path, revision: str | None = None) -> Checkpoint:
    """Find a checkpoint by folder, by weight file, or by Hub id in its cache; "demo" is the embedded voice.

    Args:
        revision: branch, tag or commit of a Hub id; None: main.

    Raises:
        MissingError: there is nothing there, it is not in the cache, or its config or weights cannot be read.
    """
    name = str(model)
    path = DEMO_CHECKPOINT if model == DEMO else Path(name).expanduser()
    only: Path | None = None
    if is_folder(path):
        name, folder = _name_of(path), path
    elif is_file(path) and path.suffix in (".safetensors", *PICKLES):
        name, folder, only = path.stem, path.parent, path
    elif isinstance(model, Path) or is_file(path) or not looks_like_hub_id(name):
        raise MissingError("no such checkpoint folder", where=name, remedy="give a folder or a Hub id")
    else:
        folder = in_hub_cache(name, revision)
    if is_adapter(folder) and only is None:
        return _with_adapter(name, folder)
    config_path = folder / "config.json"
    if not config_path.is_file():
        raise MissingError(
            "the folder has no config.json", where=str(folder), remedy="give a checkpoint's folder"
        )
    config = read_json(config_path)
    if is_original(config):
        config = from_flavours(config, config_path)
    weights = (only,) if only else tuple(_weight_files(folder, config))
    raw, codec = None, None
    if _may_lack_codec(weights, config):
        raw = open_weights(weights)
        if detect(raw, str(folder)) == "original":
            codec = _find_codec(folder)
            config.setdefault("codec_config", read_json(codec / "config.json"))
    config = unify(config, config_path)
    check_config(config, config_path)
    return Checkpoint(name, folder, config, weights, codec, raw=raw)


def _name_of(folder: Path) -> str:
    """The model id of a folder: "demo" for the embedded voice, else the folder's name."""
    return DEMO if real(folder) == real(DEMO_CHECKPOINT) else real(folder).name


def _may_lack_codec(weights: tuple[Path, ...], config: dict[str, Any]) -> bool:
    # Shards have been written by transformers only; reading the header of a single file costs next to
    # nothing.
    return config.get("model_type") == "csm" and len(weights) == 1


def _with_adapter(name: str, folder: Path) -> Checkpoint:
    config = read_json(folder / ADAPTER_CONFIG)
    base_name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not base_name or not isinstance(base_name, str) or not isinstance(revision, str | None):
        raise MissingError(
            "says not which model it is for", where=str(folder / ADAPTER_CONFIG), remedy=DAMAGED
        )
    beside = _folder_beside(folder, base_name)
    there = in_hub_cache(base_name, revision) if beside is None and looks_like_hub_id(base_name) else beside
    if there is not None and is_adapter(there):
        raise MissingError(
            "is for another adapter, not for a model", where=str(folder / ADAPTER_CONFIG), remedy=DAMAGED
        )
    base = find_checkpoint(base_name if beside is None else beside, revision)
    return Checkpoint(name, folder, base.config, base.weights, base.codec, base)


def _folder_beside(folder: Path, name: str) -> Path | None:
    """The folder of that name, as seen from another one; None if there is none."""
    path = folder / name
    return path.resolve() if is_folder(path) else None


def _find_codec(folder: Path) -> Path:
    """The codec of weights that come without: `mimi` in the same folder, else its repository in the Hub
    cache.
    """
    if (folder / "mimi" / "config.json").is_file():
        return folder / "mimi"
    try:
        return in_hub_cache(MIMI, None)
    except MissingError as error:
        raise MissingError(
            "these weights, of the original release, come without the codec",
            where=str(folder),
            remedy=f"get it with: csm models pull {MIMI}",
        ) from error


def _weight_files(folder: Path, config: dict[str, Any]) -> list[Path]:
    named = config.get("transformers_weights")
    if not isinstance(named, str | None):
        raise MissingError("transformers_weights names no file", where=str(folder), remedy=DAMAGED)
    names = ("model.safetensors.index.json", "model.safetensors", "ckpt.pt")
    for name in filter(None, (named, *names, "pytorch_model.bin.index.json", "pytorch_model.bin")):
        path = _inside(folder, name, "config.json")
        if not is_file(path):
            continue
        if path.suffix != ".json":
            return [path]
        index = read_json(path).get("weight_map")
        if not isinstance(index, dict) or not all(isinstance(shard, str) for shard in index.values()):
            raise MissingError("lists no weights", where=str(path), remedy=DAMAGED)
        shards = sorted(set(index.values()))
        for shard in shards:
            if not is_file(_inside(folder, shard, path.name)):
                raise MissingError(
                    "part of the weights is missing", where=str(path.parent / shard), remedy=DAMAGED
                )
        return [folder / shard for shard in shards]
    raise MissingError("the checkpoint has no weights", where=str(folder), remedy=DAMAGED)


def _inside(folder: Path, name: Any, named_in: str) -> Path:
    """A file of a checkpoint that another of its files names; it lies beside that."""
    if not isinstance(name, str) or not name or Path(name).name != name or name == "..":
        raise MissingError(
            f"names weights outside its folder ({str(name)[:80]!r})",
            where=str(folder / named_in),
            remedy=DAMAGED,
        )
    return folder / name


def looks_like_hub_id(name: str) -> bool:
    """Whether a name has the form owner/repository."""
    parts = name.split("/")
    return len(parts) == 2 and all(part and not part.startswith(".") for part in parts) and "\\" not in name


def in_hub_cache(name: str, revision: str | None) -> Path:
    """The folder of a repository's snapshot in the Hub cache.

    Raises:
        MissingError: it is not in the cache; the remedy is the command that fetches it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, revision=revision, local_files_only=True, allow_patterns=list(FILES))
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        get = f"csm models pull {name}" + (f" --revision {revision}" if revision else "")
        if name == "sesame/csm-1b":
            get = f"accept its terms at huggingface.co/{name} (it is gated), then: hf auth login && {get}"
        raise MissingError("not in the Hub cache", where=name, remedy=f"to get it: {get}") from error
