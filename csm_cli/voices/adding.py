"""From recordings and transcripts to clips that a voice can be registered with."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from csm_cli.audio.files import SAMPLE_RATE
from csm_cli.core.errors import MissingError, UsageError, remedy_of
from csm_cli.core.reading import read_file
from csm_cli.core.visible import left_out, without_refused
from csm_cli.verify.alignment import Agreement, agreement, align, words_of
from csm_cli.verify.recognisers import Recogniser
from csm_cli.voices import intake
from csm_cli.voices.names import as_label, check_label
from csm_cli.voices.quality import Quality, positions
from csm_cli.voices.store import NewClip

CHARACTERS_PER_SECOND = (3, 40)  # of any speech; about 14 is usual
MAX_FILE_BYTES = 64_000
REFUSED = 0.25
"""Share of words recognised below which a transcript does not belong to its clip. pocketsphinx gets 0.63 and
more of five clean voices' words, 0.10 and less of another sentence's."""
FEW_WORDS = 4


def read_transcript(path: Path | str) -> str:
    """The text of a transcript file.

    Raises:
        MissingError: it is not there.
        UsageError: it cannot be read, is not UTF-8 text, or far longer than any clip's words.
    """
    where = str(path)
    try:
        data = read_file(path, MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise MissingError("no such transcript", where=where, remedy="check the path") from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise UsageError(
                "is too long for a clip's transcript", where=where, remedy="keep the clip's words alone"
            ) from error
        raise UsageError(
            f"cannot be read ({error.strerror or error})", where=where, remedy=remedy_of(error)
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8 text", where=where, remedy="save it as UTF-8") from error


def check_transcript(text: str, seconds: float, where: str = "--text") -> tuple[str, list[str]]:
    """The transcript with its white space in order, and warnings: of characters that are left out, and if it
    cannot fit the clip's length.

    Raises:
        UsageError: there is no letter or digit in it.
    """
    doubts = [f"{where}: {what}"] if (what := left_out(text)) else []
    text = " ".join(without_refused(text, " ").split())
    if not any(character.isalnum() for character in text):
        raise UsageError(
            "the transcript is empty", where=where, remedy="write out the words that the clip says"
        )
    rate = len(text) / seconds
    slowest, fastest = CHARACTERS_PER_SECOND
    if slowest <= rate <= fastest:
        return text, doubts
    kind = "short" if rate < slowest else "long"
    return text, [
        *doubts,
        f"{where}: the transcript is too {kind} for {seconds:.1f} s of speech ({rate:.0f} letters a second); "
        "it should hold every word of the clip and no more",
    ]


def check_belongs(text: str, transcript: str, where: str) -> Agreement:
    """How far a transcript agrees with a recogniser's.

    Raises:
        UsageError: so little that it belongs to something else.
    """
    found = agreement(text, transcript)
    if found.words >= FEW_WORDS and found.share < REFUSED:
        raise UsageError(
            f"the transcript does not seem to belong to it: {found.hits} of its {found.words} words "
            f"were recognised, and this was heard: {_shown(transcript)}",
            where=where,
            remedy="correct the transcript, or leave out --asr if you are sure of it",
        )
    return found


def matching_part(text: str, transcript: str, where: str) -> str:
    """The part of a long recording's transcript that its clip holds, with its spelling and punctuation.

    Raises:
        UsageError: the recognised words cannot be found in the transcript.
    """
    tokens = text.split()
    words, owners = [], []
    for place, token in enumerate(tokens):
        for word in words_of(token):
            words.append(word)
            owners.append(place)
    spoken = words_of(transcript)
    found = align(words, spoken, part=True)
    first, end = found.span
    if not spoken or found.hits < max(2, REFUSED * len(spoken)):
        raise UsageError(
            "the words of the clip were not found in the transcript",
            where=where,
            remedy="give the transcript of the recording, or a shorter recording with its own",
        )
    # Words that were misrecognised at either end: as many more as were recognised beyond the hits.
    before, after = _beyond(words[first:end], spoken)
    first, end = max(0, first - before), min(len(words), end + after)
    return " ".join(tokens[owners[first] : owners[end - 1] + 1])


def _beyond(said: list[str], spoken: list[str]) -> tuple[int, int]:
    """How many words were recognised before the first hit and behind the last."""
    start = next((place for place, word in enumerate(spoken) if word == said[0]), 0)
    stop = next((place for place, word in enumerate(reversed(spoken)) if word == said[-1]), 0)
    return start, stop


def _shown(transcript: str) -> str:
    if not transcript:
        return "nothing"
    return f"“{transcript}”" if len(transcript) <= 80 else f"“{transcript[:77]}…”"


@dataclass(frozen=True)
class Recording:
    """A recording that is to become a clip.

    Args:
        audio: the file.
        text: its transcript; "" if a recogniser is to make it.
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
        recogniser: transcribes recordings without a transcript; checks those that have one.
        confirm: called with (file, transcript) for each transcript a recogniser wrote; returns it, mended.

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
    transcripts = [""] * len(clips)
    if recogniser is not None:
        transcripts = recogniser.transcribe([clip.audio for clip in clips], SAMPLE_RATE)
    prepared = []
    for each, clip, words in zip(recordings, clips, transcripts, strict=True):
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
            text = matching_part(text, words, where)
            clip = replace(clip, notes=(*clip.notes, f"{where}: the words of that part: “{text}”"))
        text, doubts = check_transcript(text, clip.quality.seconds, where)
        if recogniser is not None and each.text:
            clip = intake.agreeing(clip, check_belongs(text, words, where).share)
        clip = intake.costing(clip, positions(clip.quality.seconds, text))
        new = NewClip(each.label, text, clip.audio)
        prepared.append(Prepared(new, clip.quality, (*intake.warnings(clip), *doubts)))
    return prepared
