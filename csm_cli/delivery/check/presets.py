"""The limits of each preset: `acx-spec` (ACX audio submission requirements), `podcast`, `ebu` (EBU R 128)."""

from __future__ import annotations

from dataclasses import dataclass

from csm_cli.core.errors import UsageError


@dataclass(frozen=True)
class Preset:
    """The limits of files. None: no limit, the value is only shown.

    Attributes:
        rms: lowest and highest, dB over the whole file.
        lufs_mono, lufs_stereo: integrated loudness, give or take `lufs_margin`.
        peak: highest sample, dBFS.
        true_peak: dBTP.
        floor: RMS of the quietest half second, dB.
        silence: digital silence is warned about.
        codec: the only one, as ffmpeg names it.
        rates: Hz.
        cbr: lowest constant bit rate, kbit/s.
        one_channel_count: every file mono, or every file stereo; no joint stereo.
        minutes: the longest file.
        head, tail: room tone, shortest and longest, seconds.
        spread: of the level over the chapters, dB.
        apart: opening and closing credits, and a sample of `sample` seconds, are files of their own.
    """

    name: str
    rms: tuple[float, float] | None = None
    lufs_mono: float | None = None
    lufs_stereo: float | None = None
    lufs_margin: float = 1.0
    peak: float | None = None
    true_peak: float | None = None
    floor: float | None = None
    silence: bool = False
    codec: str | None = None
    rates: tuple[int, ...] = ()
    cbr: int | None = None
    one_channel_count: bool = False
    minutes: float | None = None
    head: tuple[float, float] | None = None
    tail: tuple[float, float] | None = None
    spread: float | None = None
    apart: bool = False
    sample: tuple[float, float] = (60.0, 300.0)


PRESETS = {
    each.name: each
    for each in (
        Preset(
            "acx-spec",
            rms=(-23.0, -18.0),
            peak=-3.0,
            floor=-60.0,
            silence=True,
            codec="mp3",
            rates=(44_100,),
            cbr=192,
            one_channel_count=True,
            minutes=120.0,
            head=(0.5, 1.0),
            tail=(1.0, 5.0),
            spread=1.0,
            apart=True,
        ),
        Preset(
            "podcast",
            lufs_mono=-19.0,
            lufs_stereo=-16.0,
            true_peak=-1.0,
            rates=(44_100, 48_000),
            spread=1.0,
        ),
        Preset("ebu", lufs_mono=-23.0, lufs_stereo=-23.0, lufs_margin=0.5, true_peak=-1.0, spread=1.0),
    )
}


AUTO = "auto"
"""The rules if none are named: those of acx-spec, whose format is asked of MP3 files only."""


def preset(name: str) -> Preset:
    """A preset by name.

    Raises:
        UsageError: there is none of that name.
    """
    name = "acx-spec" if name == AUTO else name
    if name not in PRESETS:
        raise UsageError(
            f"unknown preset {name!r}", where="--preset", remedy=f"choose from {AUTO}, {', '.join(PRESETS)}"
        )
    return PRESETS[name]
