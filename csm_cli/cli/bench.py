"""`csm bench`: how fast a model speaks here, and how exactly."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from csm_cli.cli import console
from csm_cli.cli.options import EngineFields, ModelOption, expanded
from csm_cli.core.errors import UsageError

if TYPE_CHECKING:
    from csm_cli.bench.run import Report


class Against(StrEnum):
    """What to measure beside the engine."""

    transformers = "transformers"


@expanded
def bench(
    *,
    model: ModelOption = None,
    shape: Annotated[
        str | None,
        typer.Option("--shape", metavar="csm-1b", help="Random weights of this size, in place of a model."),
    ] = None,
    batch: Annotated[
        str, typer.Option("--batch", metavar="1,16", help="How many lines side by side: one row for each.")
    ] = "1,16",
    frames: Annotated[int, typer.Option("--frames", min=2, max=200, help="Frames in a round.")] = 12,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=50, help="Rounds of each, by turns.")] = 3,
    context: Annotated[int, typer.Option("--context", min=8, max=1800, help="Positions of the prompt.")] = 64,
    against: Annotated[
        Against | None, typer.Option("--against", help="Measure this too, by turns, on the same weights.")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="With --against: its static, compiled path too (minutes).")
    ] = False,
    engine: EngineFields,
    json_line: Annotated[bool, typer.Option("--json", help="Print all figures as the last line.")] = False,
) -> None:
    """Measure speed, beside correctness: ms per frame, x real time, GB/s, time to first audio, memory."""
    batches = _batches(batch)
    with console.busy("loading"):
        from csm_cli.bench.run import Plan, measure
        from csm_cli.bench.subject import find_subject
        from csm_cli.rendering.models import choose_model

        choice = choose_model(model)
        subject = find_subject(choice.source, shape)
    plan = Plan(batches, frames, rounds, context, against is not None, compiled)
    report = measure(
        subject,
        plan,
        engine["device"],
        engine["dtype"],
        engine["quantize"],
        engine["eager"],
        console.note,
    )
    _print(report)
    if json_line:
        from csm_cli.core.stored import as_json, finite

        console.emit(as_json(finite(report.as_dict())))


def _batches(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 1024 for part in parts):
        raise UsageError(f"{text!r} is not a list of numbers", where="--batch", remedy='write "1,16"')
    return tuple(int(part) for part in parts)


def _print(report: Report) -> None:
    kind = report.dtype + (f", {report.quantize}" if report.quantize else "")
    kind += ", compiled loops" if report.loops else ""
    load = "" if report.load_average is None else f", load average {report.load_average}"
    machine = f"{report.device}, {report.threads} threads"
    console.emit(f"{report.subject} on {machine}, {kind}, torch {report.torch}{load}")
    console.emit(f"prompt of {report.context} positions; a copy moves {report.copy_gb_per_second:.1f} GB/s")
    heads = f"{'ms/frame':>10}{'cpu ms':>9}{'x real':>8}{'tokens/s':>10}{'GB/s':>7}{'of copy':>9}"
    console.emit(f"{'':<24}{'batch':>6}{heads}")
    for row in report.rows:
        work = "" if row.processor_ms_per_frame is None else f"{row.processor_ms_per_frame:.1f}"
        rate = "" if row.gb_per_second is None else f"{row.gb_per_second:>7.1f}{row.copy_share:>9.0%}"
        console.emit(
            f"{row.name:<24}{row.batch:>6}{row.ms_per_frame:>10.1f}{work:>9}{row.times_real_time:>8.2f}"
            f"{row.tokens_per_second:>10.0f}{rate}"
        )
    for agreement in {row.agreement for row in report.rows if row.agreement}:
        console.emit(
            f"beside float32 eager: largest logit error {agreement.max_logit_error:.2g} (logits spread by "
            f"{agreement.logit_spread:.2g}), equal greedy codes {agreement.equal_greedy:.1%}"
        )
    for batch, found in report.end_to_end.items():
        console.emit(
            f"end to end, batch {batch}: {found.times_real_time:.1f} x real time ({found.in_words()})"
        )
    if report.first_audio_ms is not None:
        console.emit(f"first audio after {report.first_audio_ms:.0f} ms")
    console.emit(f"peak memory {report.peak_memory_gb:.1f} GB")
