"""Values beside their limits: of one file, and of the files together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from csm_cli.audio.measure import Measured
from csm_cli.delivery.check.files import Frames
from csm_cli.delivery.check.presets import Preset

Verdict = Literal["ok", "warning", "fail", "-"]
Role = Literal["chapter", "opening credits", "closing credits", "sample", "whole"]
# A frame of MP3 or AAC is 26 ms, in which a limit of whole tenths is not missed.
SLACK_SECONDS = 0.03
NOTHING = Preset("nothing")


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        item: what was measured.
        value: as a number or text; None where there is none (-inf dB).
        shown, limit: as they are printed.
        verdict: "-" where there is no limit.
    """

    item: str
    value: float | str | None
    shown: str
    limit: str = ""
    verdict: Verdict = "-"


def file_findings(
    sound: Measured,
    frames: Frames | None,
    role: Role,
    rules: Preset,
    book_seconds: float,
    format_applies: bool,
) -> Iterator[Finding]:
    """The findings on one file.

    Args:
        frames: of an MP3.
        book_seconds: of all chapters; a sample cannot be longer.
        format_applies: whether the format has to be the shop's; the level always has.
    """
    form = rules if format_applies else NOTHING
    yield _whole(sound)
    yield _between("RMS", sound.rms_db, "dB", rules.rms)
    mono = sound.channels == 1
    target = rules.lufs_mono if mono else rules.lufs_stereo
    around = None if target is None else (target - rules.lufs_margin, target + rules.lufs_margin)
    yield _between("loudness", sound.lufs, "LUFS", around)
    yield _at_most("peak", sound.peak_db, "dBFS", rules.peak)
    yield _at_most("true peak", sound.true_peak_db, "dBTP", rules.true_peak)
    yield _floor(sound, rules)
    head, tail = sound.room_tone()
    apart = role != "sample"  # an excerpt begins and ends where it was cut
    yield _between("room tone, head", head, "s", rules.head if apart else None, SLACK_SECONDS, 2)
    yield _between("room tone, tail", tail, "s", rules.tail if apart else None, SLACK_SECONDS, 2)
    yield _one_of("codec", sound.codec, (form.codec,) if form.codec else ())
    yield _one_of("sample rate", sound.rate, form.rates, " Hz")
    yield _bit_rate(sound, frames, form)
    yield _channels(sound, frames, form)
    yield _duration(sound, role, form, book_seconds)


def joint_findings(
    files: Sequence[tuple[Measured, Role]], in_format: Sequence[tuple[Measured, Role]], rules: Preset
) -> Iterator[Finding]:
    """The findings on the files together.

    Args:
        in_format: those that have to be in the shop's format.
    """
    chapters = [sound for sound, role in files if role == "chapter"]
    levels = [sound.rms_db if rules.lufs_mono is None else sound.lufs for sound in chapters]
    levels = [level for level in levels if math.isfinite(level)]
    if len(levels) > 1:
        yield _at_most("spread over chapters", max(levels) - min(levels), "dB", rules.spread)
    counts = sorted({sound.channels for sound, _ in in_format})
    if rules.one_channel_count and len(in_format) > 1:
        shown = " and ".join({1: "mono", 2: "stereo"}.get(count, f"{count} channels") for count in counts)
        verdict: Verdict = "ok" if len(counts) == 1 else "fail"
        yield Finding("channels of all files", shown, shown, "the same in each", verdict)
    if not (rules.apart and in_format):
        return
    roles = {role for _, role in in_format}
    if "whole" in roles:
        yield Finding("chapters", "in one file", "in one file", "a file for each", "warning")
    wanted = ("sample",) if "whole" in roles else ("opening credits", "closing credits", "sample")
    for role in wanted:
        shown = "there" if role in roles else "missing"
        yield Finding(role, shown, shown, "a file of its own", "ok" if role in roles else "warning")


def _whole(sound: Measured) -> Finding:
    cut = sound.declared is not None and sound.seconds < sound.declared - max(1.0, 0.01 * sound.declared)
    if sound.faults:
        return Finding("decodes", sound.faults[0], sound.faults[0][:60], "without an error", "fail")
    if cut:
        shown = f"{sound.seconds:.1f} of {sound.declared:.1f} s"
        return Finding("decodes", shown, shown, "to its end", "fail")
    return Finding("decodes", "whole", "whole", "to its end", "ok")


def _floor(sound: Measured, rules: Preset) -> Finding:
    finding = _at_most("noise floor", sound.noise_floor_db, "dB", rules.floor)
    if rules.silence and finding.verdict == "ok" and not math.isfinite(sound.noise_floor_db):
        return Finding("noise floor", None, "digital silence", f"{finding.limit}, room tone", "warning")
    return finding


def _bit_rate(sound: Measured, frames: Frames | None, rules: Preset) -> Finding:
    if frames is None or not frames.count:
        mean = 8e-3 * sound.path.stat().st_size / sound.seconds if sound.bit_rate is None else sound.bit_rate
        return Finding("bit rate", round(mean), f"{mean:.0f} kbit/s")
    low, high = min(frames.bit_rates), max(frames.bit_rates)
    shown = f"{low} kbit/s, constant" if low == high else f"{low} to {high} kbit/s, variable"
    if rules.cbr is None:
        return Finding("bit rate", high, shown)
    verdict: Verdict = "ok" if low == high >= rules.cbr else "fail"
    return Finding("bit rate", high, shown, f"constant, at least {rules.cbr} kbit/s", verdict)


def _channels(sound: Measured, frames: Frames | None, rules: Preset) -> Finding:
    plain = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    shown = " and ".join(sorted(frames.modes)) if frames and frames.modes else plain
    if not rules.one_channel_count:
        return Finding("channels", shown, shown)
    verdict: Verdict = "ok" if shown in ("mono", "stereo", "dual channel") else "fail"
    return Finding("channels", shown, shown, "mono, or plain stereo", verdict)


def _duration(sound: Measured, role: Role, rules: Preset, book_seconds: float) -> Finding:
    shown = f"{int(sound.seconds) // 60}:{sound.seconds % 60:04.1f}"
    if role == "sample" and rules.apart:
        low, high = rules.sample
        if low - SLACK_SECONDS <= sound.seconds <= high:
            verdict: Verdict = "ok"
        else:  # of a very short book, a sample is all of it
            verdict = "warning" if book_seconds < low + 10 and sound.seconds < low else "fail"
        return Finding("duration", sound.seconds, shown, f"{low / 60:g} to {high / 60:g} min", verdict)
    if rules.minutes is None:
        return Finding("duration", sound.seconds, shown)
    verdict = "ok" if sound.seconds <= 60 * rules.minutes else "fail"
    return Finding("duration", sound.seconds, shown, f"at most {rules.minutes:g} min", verdict)


def _between(
    item: str,
    value: float,
    unit: str,
    limits: tuple[float, float] | None,
    slack: float = 0.0,
    digits: int = 1,
) -> Finding:
    shown = f"{value:.{digits}f} {unit}"
    number = value if math.isfinite(value) else None
    if limits is None:
        return Finding(item, number, shown)
    low, high = limits
    verdict: Verdict = "ok" if low - slack <= round(value, digits + 1) <= high + slack else "fail"
    return Finding(item, number, shown, f"{low:g} to {high:g} {unit}", verdict)


def _at_most(item: str, value: float, unit: str, limit: float | None) -> Finding:
    shown, number = f"{value:.1f} {unit}", value if math.isfinite(value) else None
    if limit is None:
        return Finding(item, number, shown)
    return Finding(item, number, shown, f"at most {limit:g} {unit}", "ok" if value <= limit else "fail")


def _one_of(item: str, value: float | str, allowed: Sequence[float | str], unit: str = "") -> Finding:
    if not allowed:
        return Finding(item, value, f"{value}{unit}")
    limit = " or ".join(str(each) for each in allowed) + unit
    return Finding(item, value, f"{value}{unit}", limit, "ok" if value in allowed else "fail")
