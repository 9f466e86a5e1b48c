"""From recordings and transcripts to clips that a voice can be registered with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.audio.files import SAMPLE_RATE
from csm_cli.core.errors import UsageError
from csm_cli.verify.recognisers import Recogniser
from csm_cli.voices import intake
from csm_cli.voices.names import as_label, check_label
from csm_cli.voices.quality import Quality, positions
from csm_cli.voices.store import NewClip
from csm_cli.voices.transcript import check_belongs, check_transcript, part_heard


@dataclass(frozen=True)
class Recording:
    """What a clip is to be made of.

    Args:
        audio: the file.
        text: what it says; "" if a recogniser is to write it down.
        label: "" for none.
    """

    audio: Path | str
    text: str = ""
    label: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A clip, its figures, and what is doubtful about it: one line each that names the recording."""

    clip: NewClip
    quality: Quality
    warnings: tuple[str, ...]


def with_labels(recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings, each with a label of its own: several without one are labelled by their files' names.

    Raises:
        UsageError: a label cannot be used, or is there twice.
    """
    if not recordings:
        raise UsageError("no recording given", where="AUDIO", remedy="give one or several")
    labelled = [
        replace(each, label=check_label(each.label) if each.label else as_label(Path(each.audio).stem))
        for each in recordings
    ]
    if len(recordings) == 1 and not recordings[0].label:
        return list(recordings)
    labels = [each.label for each in labelled]
    for each in labelled:
        if not each.label or labels.count(each.label) > 1:
            raise UsageError(
                f"two clips would be labelled {each.label!r}" if each.label else "a clip needs a label",
                where=str(each.audio),
                remedy="give one --label for each recording",
            )
    return labelled


def prepare_all(
    recordings: Sequence[Recording],
    *,
    seconds: float = intake.MAX_SECONDS,
    pick: bool = False,
    recogniser: Recogniser | None = None,
    confirm: Callable[[str, str], str] | None = None,
) -> list[Prepared]:
    """Makes clips of recordings: all of them or, at the first that cannot be one, none.

    Args:
        seconds, pick: as for `intake.prepare`.
        recogniser: writes down what no transcript is given of; checks those that are.
        confirm: asked with (file, transcript) for each transcript a recogniser wrote; returns it, mended.

    Raises:
        UsageError: a recording or transcript cannot be used.
        MissingError: a recording is not there.
    """
    for each in recordings:
        if not each.text and recogniser is None:
            raise UsageError(
                "needs its transcript",
                where=str(each.audio),
                remedy="give it with --text or --transcript, or have it written with --asr",
            )
    clips = [intake.prepare(each.audio, seconds=seconds, pick=pick) for each in recordings]
    heard = [""] * len(clips)
    if recogniser is not None:
        heard = recogniser.hear([clip.audio for clip in clips], SAMPLE_RATE)
    prepared = []
    for each, clip, words in zip(recordings, clips, heard, strict=True):
        text, where = each.text, str(each.audio)
        if not text and recogniser is not None:
            if not any(map(str.isalnum, words)):
                raise UsageError(
                    "no words were recognised in it", where=where, remedy="give its transcript with --text"
                )
            text = confirm(where, words) if confirm else words
            if not confirm:
                note = (
                    f"{where}: nobody has checked the transcript that {recogniser.name} wrote; see voice.yaml"
                )
                clip = replace(clip, notes=(*clip.notes, note))
        elif clip.shortened:
            if recogniser is None:
                raise UsageError(
                    f"only {clip.quality.seconds:.0f} s of its {clip.quality.source_seconds:.0f} s fit, "
                    "and where its transcript is to be cut cannot be told",
                    where=where,
                    remedy="add --asr auto, or cut the recording and its transcript yourself",
                )
            text = part_heard(text, words, where)
            clip = replace(clip, notes=(*clip.notes, f"{where}: the words of that part: “{text}”"))
        text, doubts = check_transcript(text, clip.quality.seconds, where)
        if recogniser is not None and each.text:
            clip = intake.agreeing(clip, check_belongs(text, words, where).share)
        clip = intake.costing(clip, positions(clip.quality.seconds, text))
        new = NewClip(each.label, text, clip.audio)
        prepared.append(Prepared(new, clip.quality, (*intake.warnings(clip), *doubts)))
    return prepared
