"""Which languages a model speaks, by its config or its card: the front matter of `README.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CARD = "README.md"
_LANGUAGES = {"sesame/csm-1b": ("en",)}
"""Of repositories whose cards may not have been fetched with their weights."""
_ANY = ("multilingual", "mul")
_MOST_BYTES = 2**20


def languages_of(source: str | Path) -> tuple[str, ...]:
    """Tags of the languages that a model speaks, as its config or card has them; () where neither says so.

    Args:
        source: a folder with a checkpoint, a weight file, or a repository on the Hub; nothing is downloaded.
    """
    stated = _stated(source)
    if not stated:
        named = str(source).strip("/")
        return next((found for name, found in _LANGUAGES.items() if _is(named, name)), ())
    tags = [str(each).strip() for each in (stated if isinstance(stated, list) else [stated])]
    return () if any(tag.lower() in _ANY for tag in tags) else tuple(filter(None, tags))


def _is(source: str, repository: str) -> bool:
    """Whether a model is that of a repository: by its name, or as a snapshot in the Hub's cache."""
    return source == repository or f"models--{repository.replace('/', '--')}" in Path(source).parts


def _stated(source: str | Path) -> Any:
    config = _mapping(_read(source, "config.json"))
    head, _, rest = _read(source, CARD).removeprefix("\ufeff").partition("---\n")
    card = {} if head.strip() else _mapping(rest.partition("\n---")[0])
    return config.get("languages") or config.get("language") or card.get("language")


def _mapping(text: str) -> dict[str, Any]:
    """Of YAML, of which JSON is a part."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def _read(source: str | Path, name: str) -> str:
    try:
        path = _file(source, name)
        if path is None:
            return ""
        with path.open(encoding="utf-8") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError):
        return ""


def _file(source: str | Path, name: str) -> Path | None:
    path = Path(source)
    if path.exists():
        found = (path if path.is_dir() else path.parent) / name
        return found if found.is_file() else None
    from huggingface_hub import try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(str(source), name)
    except ValueError:  # no name of a repository
        return None
    return Path(cached) if isinstance(cached, str) else None
