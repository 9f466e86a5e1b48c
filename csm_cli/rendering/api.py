"""Rendering from Python: `render` and `say` do what the commands of these names do, without the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from csm_cli.core.errors import UsageError
from csm_cli.rendering.loading import LoadedModel, load_if_needed
from csm_cli.rendering.models import UNLIMITED, Limits, choose_model, limits_of
from csm_cli.rendering.options import Check, RenderOptions, parse_chapters
from csm_cli.rendering.progress import Progress, RenderReport
from csm_cli.rendering.project import former_names, read_jobs
from csm_cli.rendering.say import Saying
from csm_cli.rendering.session import render_jobs
from csm_cli.rendering.verifying import make_verifier
from csm_cli.takes.place import place_from
from csm_cli.voices.names import note_renames

if TYPE_CHECKING:
    from csm_cli.engine import Engine

Script = str | os.PathLike[str]
Note = Callable[[str], None]


def render(
    scripts: Script | Iterable[Script],
    options: RenderOptions | None = None,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
    note: Note = lambda text: None,
    **changes: Any,
) -> RenderReport:
    """Render scripts into chapter files and a timeline.json; lines whose take is there are not spoken again.

    Args:
        scripts: one file or several.
        options: how; None: as `csm render` without any options.
        engine: that speaks, if one is loaded already; else that of the options is loaded if a line needs it.
        progress: of all that is finished; a subclass draws it.
        note: called with what a person should know, a line each.
        changes: fields of `RenderOptions`, in place of those of `options`: `render(path, seed=3)`. Paths may
            be strings, `takes` a URL, `chapters` "1-3,5" or numbers, `verify` one check or several.

    Returns:
        What it came to: `files`, `reviews` (lines that stayed bad after all tries), seconds and counts.

    Raises:
        CsmError: what the command prints in one line: a script with problems, a missing voice or model, a
            folder that cannot be written. What was finished stays.
    """
    paths = [Path(scripts)] if isinstance(scripts, str | os.PathLike) else [Path(each) for each in scripts]
    options = _changed(options, changes)
    jobs = read_jobs(paths, options)
    note_renames(former_names(jobs), note)
    verifier = make_verifier(jobs, options, note)
    if engine is None:
        loaded = load_if_needed(jobs, options, choose_model(options.model), note)
    else:
        loaded = LoadedModel(engine, _limits_of(engine))
    return render_jobs(
        jobs,
        loaded.engine,
        options,
        progress,
        limits=loaded.limits,
        plans=loaded.plans,
        verifier=verifier,
        note=note,
    )


def say(
    text: str,
    voice: str | None = None,
    options: RenderOptions | None = None,
    *,
    engine: Engine | None = None,
    note: Note = lambda text: None,
    **changes: Any,
) -> tuple[np.ndarray, int]:
    """Say a text; paragraphs are set apart by blank lines.

    Args:
        text: as it would stand in a script.
        voice: name; None: the default voice.
        options, engine, changes: as for `render`.
        note: called with a line if the voice has a new name, or if what was said needs review.

    Returns:
        (float32 mono `[samples]` in [-1, 1]; their rate in Hz).

    Raises:
        CsmError: there is nothing to say, no such voice or model.
    """
    options = _changed(options, changes)
    saying = Saying(text, voice)
    note_renames(saying.renamed, note)
    if engine is None:
        engine = choose_model(options.model).load(options, note, in_haste=True)
    segment, report = saying.speak(engine, options, limits=_limits_of(engine))
    for review in report.reviews:
        note(f"needs review: {review}")
    pcm = np.frombuffer(segment.raw_data, dtype=np.int16)
    return pcm.astype(np.float32) / 2**15, segment.frame_rate


def _limits_of(engine: Engine) -> Limits:
    """What the model of an engine cannot go beyond."""
    return limits_of(engine.files[0].parent) if engine.files else UNLIMITED


def _changed(options: RenderOptions | None, changes: dict[str, Any]) -> RenderOptions:
    """The options with changes, as people write them in Python.

    Raises:
        UsageError: chapters or checks that are none.
    """
    options = replace(options or RenderOptions(), **changes)
    chapters, verify, takes = options.chapters, options.verify, options.takes
    if isinstance(chapters, str):
        chapters = parse_chapters(chapters)
    verify = frozenset([verify] if isinstance(verify, str) else verify)
    if unknown := verify - {check.value for check in Check}:
        remedy = f"choose from {', '.join(Check)}"
        raise UsageError(f"unknown check {sorted(unknown)[0]!r}", where="verify", remedy=remedy)
    return replace(
        options,
        output=None if options.output is None else Path(options.output),
        voice_model=None if options.voice_model is None else Path(options.voice_model),
        takes=place_from(takes) if isinstance(takes, str) else takes,
        chapters=None if chapters is None else frozenset(chapters),
        verify=verify,
    )
