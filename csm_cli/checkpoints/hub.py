"""Fetching from the Hub: what a checkpoint needs and nothing else, resumed where it was broken off."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from csm_cli.checkpoints.cached import kind_of
from csm_cli.checkpoints.card import CARD
from csm_cli.checkpoints.config import read_json
from csm_cli.checkpoints.find import MIMI, SMALL_FILES, find_checkpoint, in_hub_cache
from csm_cli.checkpoints.lora import CONFIG as ADAPTER_CONFIG
from csm_cli.checkpoints.tensors import PICKLES
from csm_cli.core.errors import CsmError, MissingError, first_line
from csm_cli.core.stored import parsed, shaped, shaped_items

_INDEXES = ("transformers.safetensors.index.json", "model.safetensors.index.json")
_SINGLES = ("model.safetensors", "adapter_model.safetensors", "ckpt.pt", "adapter_model.bin", "model.bin")


@dataclass(frozen=True)
class Wanted:
    """One file to fetch.

    Attributes:
        size: in bytes, 0 if the Hub has no figure.
    """

    name: str
    size: int


def pull(
    repository: str,
    revision: str | None = None,
    progress: Callable[[Wanted, int, int], None] = lambda file, number, count: None,
) -> Path:
    """Fetch a checkpoint into the Hub cache: config, tokenizer, card and one set of weights, in the
    transformers format if the repository has it. Weights without a codec bring the codec's repository along,
    adapters their base. A Whisper, for `--asr`, is fetched in the same way.

    Args:
        revision: branch, tag or commit; None: main.
        progress: called before each file, with its number from 1 and how many there are.

    Returns:
        The folder that holds the files.

    Raises:
        MissingError: no such repository, no permission to read it, no CSM in it, no network.
        CsmError: the disk is too full.
    """
    from huggingface_hub import hf_hub_download

    with _in_words(repository):
        wanted = choose_files(_listing(repository, revision), lambda name: _text(repository, revision, name))
        if not wanted:
            raise MissingError("holds no weights that csm reads", where=repository)
        _check_room(repository, sum(file.size for file in wanted))
        path = ""
        for number, file in enumerate(wanted, 1):
            progress(file, number, len(wanted))
            if Path(file.name).suffix in (".safetensors", *PICKLES):
                _fetch_weights(repository, file.name, revision)
            path = hf_hub_download(repository, file.name, revision=revision)
    folder = Path(path)
    for _ in Path(wanted[-1].name).parts:
        folder = folder.parent
    if (folder / ADAPTER_CONFIG).is_file():
        base = read_json(folder / ADAPTER_CONFIG).get("base_model_name_or_path")
        if not base:
            raise MissingError("says not which model it is for", where=f"{repository}/{ADAPTER_CONFIG}")
        pull(str(base), progress=progress)
    elif kind_of(folder) not in ("codec", "recogniser") and _lacks_codec(repository, revision):
        pull(MIMI, progress=progress)
    return folder


def choose_files(files: Sequence[Wanted], read: Callable[[str], str]) -> list[Wanted]:
    """What of a repository's files a checkpoint needs, weights last.

    Args:
        files: all of them.
        read: fetches a small file and returns its text.

    Raises:
        MissingError: a small file is damaged.
    """
    by_name = {file.name: file for file in files}
    small = [file for file in files if any(fnmatch(file.name, pattern) for pattern in (*SMALL_FILES, CARD))]
    config = _object("config.json", read) if "config.json" in by_name else {}
    names = [config.get("transformers_weights"), *_INDEXES, *_SINGLES]
    chosen = next((name for name in names if isinstance(name, str) and name in by_name), None)
    if chosen is None:
        return []
    if not chosen.endswith(".json"):
        return [*small, by_name[chosen]]
    shards = sorted({*_shards(chosen, read)})
    return [*small, by_name[chosen], *(by_name.get(shard, Wanted(shard, 0)) for shard in shards)]


def _object(name: str, read: Callable[[str], str]) -> dict[str, Any]:
    try:
        return shaped(dict[str, Any], parsed(read(name)))
    except ValueError as error:
        raise MissingError(f"cannot be read ({error})", where=name, remedy="tell its owner") from error


def _shards(name: str, read: Callable[[str], str]) -> list[str]:
    index = _object(name, read)
    try:
        return [*shaped_items(str, index.get("weight_map")).values()]
    except ValueError as error:
        raise MissingError("lists no weights", where=name, remedy="tell its owner") from error


def _lacks_codec(repository: str, revision: str | None) -> bool:
    try:
        find_checkpoint(repository, revision)
    except MissingError as error:
        if "come without the codec" in error.what:
            return True
        raise
    return False


def _fetch_weights(repository: str, name: str, revision: str | None) -> None:
    """Put a large file where the Hub's library looks for it, going on with what an earlier, broken call left.

    The library itself begins each file anew in every process.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get, repo_folder_name
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(repository, name, revision=revision)
    about = get_hf_file_metadata(url)
    if about.etag is None:
        return
    blobs = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=repository, repo_type="model"), "blobs")
    blob, part = blobs / about.etag, blobs / f"{about.etag}.part"
    if blob.exists():
        return
    blobs.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as file:
        begun = file.tell()
        http_get(url, file, resume_size=begun, headers=build_hf_headers(), expected_size=about.size)
    # Large files are named by their SHA-256; what was put together in two goes is checked against it.
    if begun and len(about.etag) == 64:
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != about.etag:
                part.unlink()
                raise MissingError("was damaged on the way", where=name, remedy="run the command again")
    part.replace(blob)


def _listing(repository: str, revision: str | None) -> list[Wanted]:
    from huggingface_hub import HfApi

    siblings = HfApi().model_info(repository, revision=revision, files_metadata=True).siblings or []
    return [Wanted(file.rfilename, file.size or 0) for file in siblings]


def _text(repository: str, revision: str | None, name: str) -> str:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(repository, name, revision=revision)).read_text(encoding="utf-8")


def _check_room(repository: str, size: int) -> None:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    try:
        have = sum(p.stat().st_size for p in in_hub_cache(repository, None).rglob("*") if p.is_file())
    except MissingError:
        have = 0
    free = shutil.disk_usage(folder).free
    if size - have > free:
        raise CsmError(
            f"needs {(size - have) / 1e9:.1f} GB of disk, {free / 1e9:.1f} GB are free",
            where=str(folder),
            remedy="make room, or set HF_HOME to another disk",
        )


@contextmanager
def _in_words(repository: str) -> Iterator[None]:
    """Turn what the Hub's library raises into one line with what to do."""
    from huggingface_hub import errors

    # The base of all that its HTTP client raises; which client that is has changed between versions.
    parents = reversed(errors.HfHubHTTPError.__mro__)
    network = next(c for c in parents if c.__module__.startswith(("http", "requests")))
    broken: Any = (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, network)

    try:
        yield
    except errors.GatedRepoError as error:
        raise MissingError(
            "is gated: its owner wants you to accept terms first",
            where=repository,
            remedy=f"accept them at huggingface.co/{repository}, then: hf auth login, then pull again",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise MissingError("has no such revision", where=repository) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise MissingError(
            "no such model on the Hub, or a private one", where=repository,
            remedy="check the name; for a private one: hf auth login",
        ) from error  # fmt: skip
    except errors.OfflineModeIsEnabled as error:
        raise MissingError(
            "cannot be fetched, the Hub library is set to work offline", where=repository,
            remedy="unset HF_HUB_OFFLINE",
        ) from error  # fmt: skip
    except broken as error:
        reason = first_line(error)
        raise MissingError(
            f"the download broke off ({reason})", where=repository,
            remedy="run the command again: it goes on where it stopped",
        ) from error  # fmt: skip
    except OSError as error:
        raise CsmError(
            f"cannot be stored ({error})", where=repository, remedy="make room on the disk"
        ) from error
