"""The files of a run in progress: losses, plots, and the state to resume from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.core.stored import as_json, finite, shaped


class Record:
    """The losses of every update, in `losses.jsonl` and as `losses.png`.

    Attributes:
        entries: one for each update: step, backbone and depth loss, validation losses if they were due.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self.plot_path = folder / "losses.jsonl", folder / "losses.png"
        self.entries: list[dict[str, Any]] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry."""
        self.entries.append(entry)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(as_json(finite(entry)) + "\n")

    def go_back(self, entries: list[dict[str, Any]]) -> None:
        """Replace all entries by those of a saved state."""
        self.entries = list(entries)
        self.path.write_text("".join(as_json(finite(entry)) + "\n" for entry in entries), encoding="utf-8")

    def plot(self) -> None:
        """Draw training and validation losses of both decoders over the updates."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), constrained_layout=True)
        for axis, name, title in zip(
            axes,
            ("backbone", "depth"),
            ("codebook 0 (backbone)", "codebooks 1 … (depth decoder)"),
            strict=True,
        ):
            steps = [entry["step"] for entry in self.entries]
            axis.plot(
                steps, [entry[name] for entry in self.entries], color="0.75", linewidth=0.8, label="update"
            )
            axis.plot(steps, _smooth([entry[name] for entry in self.entries]), color="C0", label="smoothed")
            held = [(e["step"], e[f"validation_{name}"]) for e in self.entries if f"validation_{name}" in e]
            if held:
                axis.plot(*zip(*held, strict=True), "o-", color="C3", label="validation")
            axis.set(title=title, xlabel="update", ylabel="cross entropy (nats)")
            axis.legend()
        figure.savefig(self.plot_path, dpi=120)
        pyplot.close(figure)


def _smooth(values: list[float], decay: float = 0.95) -> list[float]:
    """A running mean that counts older values less, without the bias of its start."""
    total, weight, out = 0.0, 0.0, []
    for value in values:
        total, weight = decay * total + value, decay * weight + 1
        out.append(total / weight)
    return out


@dataclass(frozen=True)
class _Progress:
    step: int
    entries: list[dict[str, float | None]]


class State:
    """The file that an interrupted run resumes from; written beside and renamed, so that it is always whole.

    Args:
        identity: what may not change between the two: model, data, options.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.path, self.identity = folder / "state.pt", identity

    def save(self, step: int, entries: list[dict[str, Any]], trainer: Any) -> None:
        """Write everything that the next update needs."""
        unfinished = self.path.with_suffix(".part")
        kept = {"step": step, "entries": entries, "identity": self.identity, "trainer": trainer.state()}
        torch.save(kept, unfinished)
        unfinished.replace(self.path)

    def load(self) -> dict[str, Any] | None:
        """The contents of the file; None if there is none.

        Raises:
            UsageError: it is of a run with other options.
            MissingError: it cannot be read.
        """
        if not self.path.is_file():
            return None
        try:
            kept = torch.load(self.path, map_location="cpu", weights_only=True, mmap=True)
            if not isinstance(kept["identity"], dict) or not isinstance(kept["trainer"], dict):
                raise ValueError("it is no state of a training")
            shaped(_Progress, {"step": kept["step"], "entries": kept["entries"]})
        except Exception as error:
            raise MissingError(
                "cannot be read", where=str(self.path), remedy="delete it to begin anew"
            ) from error
        for name, value in self.identity.items():
            if kept["identity"].get(name) != value:
                raise UsageError(
                    f"holds a run with another {name} ({kept['identity'].get(name)}, not {value})",
                    where=str(self.path.parent),
                    remedy="give the same options to go on, or another --out",
                )
        return kept
