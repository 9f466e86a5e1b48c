"""Out to an audio editor and back: a clip for each line, labels, a list of files; the edited clips in again.

Audacity opens `clips.lof` with every clip in its place; with `labels.txt` imported, its export of several
files by labels gives clips of the same names again. Any other editor may change the clips where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csm_cli.audio.files import read_audio, write_wav
from csm_cli.core.data import read_json
from csm_cli.core.errors import CsmError, MissingError, UsageError, unread
from csm_cli.core.files import is_file, written
from csm_cli.core.stored import as_json, shaped
from csm_cli.delivery.book import slug
from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.editing.pinning import import_sound
from csm_cli.takes import Take

MANIFEST, LABELS, FILES = "clips.json", "labels.txt", "clips.lof"
GAP_SECONDS = 0.5
"""Between two clips in the editor, so that they can be distinguished."""
SAME_SECONDS, SAME_DB = 0.005, -55.0
"""A clip is unchanged if its length and its sound differ by no more: an editor's dither and rounding."""
_SCHEMA = 1


def export_clips(script: ScriptTakes, lines: Sequence[ScriptLine], folder: Path) -> list[Path]:
    """Write the takes that lines use as clips.

    Args:
        script: the script.
        lines: of it; those that were never spoken are left out.
        folder: of the clips; files of the same names are replaced.

    Returns:
        The clips, then `labels.txt`, `clips.lof` and `clips.json`.

    Raises:
        MissingError: none of the lines was spoken.
        CsmError: a file cannot be written, a take is damaged.
    """
    clips: list[Path] = []
    labels: list[str] = []
    listed: list[str] = []
    entries: dict[str, dict[str, object]] = {}
    at = 0.0
    for number, line in enumerate(lines, 1):
        if line.take is None:
            continue
        stem = f"{number:04d}-{slug(line.planned.line.speaker)[:24]}-{line.planned.id}"
        sound = _sound(script, line.take)
        path = folder / f"{stem}.wav"
        write_wav(path, sound, line.take.rate)
        clips.append(path)
        end = at + sound.size / line.take.rate
        labels.append(f"{at:.6f}\t{end:.6f}\t{stem}\n")
        listed.append(f'file "{path.name}" offset {at:.6f}\n')
        entries[path.name] = {"line": line.planned.id, "take": line.take.id, "text": line.planned.line.text}
        at = end + GAP_SECONDS
    if not clips:
        raise MissingError("no line has a take yet", where=str(script.script), remedy="render it first")
    manifest = {"schema": _SCHEMA, "script": script.job.script, "clips": entries}
    for name, text in (
        (LABELS, "".join(labels)),
        (FILES, "".join(listed)),
        (MANIFEST, as_json(manifest, indent=1) + "\n"),
    ):
        with written(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [*clips, folder / LABELS, folder / FILES, folder / MANIFEST]


@dataclass(frozen=True)
class Edit:
    """What became of a clip.

    Args:
        clip: its file.
        line: the stable id of its line.
        what: "imported", "changed" (in a dry run), "unchanged", "missing", "gone" (the line is in the
            script no more) or "unreadable".
        doubts: what is doubtful about the sound.
    """

    clip: Path
    line: str
    what: str
    doubts: tuple[str, ...] = ()


def import_edits(script: ScriptTakes, folder: Path, *, dry_run: bool = False) -> Iterator[Edit]:
    """Take edited clips back as the pinned takes of their lines; unchanged ones are left alone.

    Raises:
        MissingError: there is no `clips.json` in the folder.
        UsageError: it is damaged, or of another script.
        CsmError: a take cannot be written.
    """
    lines = {line.planned.id: line for line in script.lines}
    for name, clip in read_clips(folder, script.job.script).items():
        path = folder / name
        if not is_file(path):
            yield Edit(path, clip.line, "missing")
        elif (line := lines.get(clip.line)) is None:
            yield Edit(path, clip.line, "gone")
        else:
            yield _import_edit(script, line, path, clip.take, dry_run)


def _import_edit(script: ScriptTakes, line: ScriptLine, path: Path, take_id: str, dry_run: bool) -> Edit:
    before = script.store.load(take_id)
    try:
        sound = read_audio(path, before.rate if before else 24_000)
    except CsmError as error:
        return Edit(path, line.planned.id, "unreadable", (error.what,))
    if before is not None and _same(_sound(script, before), sound, before.rate):
        return Edit(path, line.planned.id, "unchanged")
    if dry_run:
        return Edit(path, line.planned.id, "changed")
    _, doubts = import_sound(script, line, sound)
    return Edit(path, line.planned.id, "imported", doubts)


@dataclass(frozen=True)
class _Clip:
    line: str
    take: str


@dataclass(frozen=True)
class _Clips:
    schema: int
    script: str
    clips: dict[str, _Clip]


def read_clips(folder: Path, script: str) -> dict[str, _Clip]:
    """The ids of line and take of each exported clip, by the name of its file.

    Raises:
        MissingError: there is no `clips.json` in the folder.
        UsageError: it is damaged, or of another script.
    """
    path = folder / MANIFEST
    try:
        found = shaped(_Clips, read_json(path))
        if found.schema != _SCHEMA:
            raise ValueError("it is of another version")
        if any(Path(name).name != name for name in found.clips):
            raise ValueError("it names clips outside its folder")
    except FileNotFoundError as error:
        raise MissingError(
            "holds no exported clips", where=str(folder), remedy="give the folder of csm takes export"
        ) from error
    except OSError as error:
        raise unread(error, path) from error
    except ValueError as error:
        raise UsageError(f"is damaged ({error})", where=str(path), remedy="export again") from error
    if found.script != script:
        raise UsageError(
            f"was made of {found.script!r:.80}, not of {script}",
            where=str(path),
            remedy="name the script it was exported from",
        )
    return found.clips


def _sound(script: ScriptTakes, take: Take) -> np.ndarray:
    return np.concatenate(script.store.audio(take))


def _same(before: np.ndarray, after: np.ndarray, rate: int) -> bool:
    if abs(before.size - after.size) > SAME_SECONDS * rate:
        return False
    size = min(before.size, after.size)
    if not size:
        return True
    change = float(np.sqrt(np.mean(np.square(before[:size] - after[:size]))))
    level = float(np.sqrt(np.mean(np.square(before[:size]))))
    return change <= max(level, 1e-3) * 10 ** (SAME_DB / 20)
