"""`python -m fuzz [--seconds 60]` fuzzes; `python -m fuzz FILE …` reads again what was found earlier."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from fuzz.campaign import Tally, run
from fuzz.inputs import Finding, try_input
from fuzz.readers import READERS


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="Findings to read again.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 60,
    seed: Annotated[int | None, typer.Option(help="Of all that is random. Default: always another.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one.")] = 1,
    readers: Annotated[str, typer.Option(help="Names, with commas between. Default: all.")] = "",
    more: Annotated[Path | None, typer.Option(help="Folder of further good files: READER/FILE.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of what is found.")] = Path("build/fuzz"),
) -> None:
    """Have csm read damaged files. Exit code 1: something was found."""
    if files:
        wrong = [path for path in files if _again(path)]
        raise typer.Exit(bool(wrong))
    names = [name.strip() for name in readers.split(",") if name.strip()] or list(READERS)
    if unknown := [name for name in names if name not in READERS]:
        raise typer.BadParameter(f"no such reader: {', '.join(unknown)}; there are {', '.join(READERS)}")
    seed = time.time_ns() % 2**32 if seed is None else seed
    print(f"seed {seed}, {len(names)} readers, {jobs} at a time, {seconds:g} s")
    started = time.monotonic()

    def found(finding: Finding) -> None:
        out.mkdir(parents=True, exist_ok=True)
        (out / finding.name).write_bytes(finding.data)
        (out / f"{finding.name}.txt").write_text(finding.text, encoding="utf-8", errors="replace")
        last = finding.text.strip().rpartition("\n")[2]
        print(f"found {out / finding.name}: {last:.200}", flush=True)

    def told(tally: Tally) -> None:
        passed, count = time.monotonic() - started, tally.inputs.total()
        speed, wrong = count / passed, len(tally.findings)
        print(f"{passed:7.0f} s {count:9d} inputs {speed:6.0f} a second, {wrong} found", flush=True)

    tally = run(names, seconds, seed, max(1, jobs), found, told, more)
    for name in names:
        count, spent = tally.inputs[name], tally.seconds[name]
        print(f"{name:12} {count:9d} inputs {count / spent if spent else 0:7.0f} a second")
    told(tally)
    raise typer.Exit(bool(tally.findings))


def _again(path: Path) -> bool:
    """Read a finding again and print what comes of it; True if it is still wrong."""
    name = path.name.split("-")[1] if "-" in path.name else ""
    if name not in READERS:
        print(f"{path}: its name says no reader (bug-READER-…): {', '.join(READERS)}", file=sys.stderr)
        return True
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="csm-fuzz-") as folder:
        READERS[name].seeds(Path(folder))
        answer, finding = try_input(READERS[name], Path(folder), path.read_bytes())
    print(f"{path}: {finding.name if finding else 'well'} in {time.monotonic() - started:.2f} s: {answer}")
    if finding:
        print(finding.text)
    return finding is not None


if __name__ == "__main__":  # workers import this too
    typer.run(main)
