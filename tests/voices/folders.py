"""Clips to register, and the folders of voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csm_cli.voices.store import NewClip

RATE = 24000

RATE = 24000
TEXT = "The keeper climbed the stairs and lit the lamp."


def speech(seconds: float = 3.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 200 * time) * np.abs(np.sin(2 * np.pi * 3 * time))).astype(np.float32)


CLIP = [NewClip("", TEXT, speech())]
OTHER = [NewClip("", "Other words, about as many as before.", speech())]


def labelled(*labels: str) -> list[NewClip]:
    return [NewClip(label, f"Words said {label}.", speech(1 + 0.1 * len(label))) for label in labels]


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def damage(folder: Path, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voice.yaml").write_text(content, encoding="utf-8")
