"""How loud a delivery is to be: the presets of shops and podcasts, or explicit targets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from csm_cli.core.errors import UsageError


@dataclass(frozen=True)
class Loudness:
    """What one static gain and a limiter bring a chapter, or a book, to.

    Attributes:
        name: of the preset, or "custom".
        rms_db: dBFS RMS over the whole file, pauses included; or None.
        lufs: integrated loudness by ITU-R BS.1770, of a mono file; or None.
        peak_db: highest peak of the delivered file; None: peaks are left alone.
        true_peak: the limit counts between samples too (dBTP), else at the samples (dBFS).
    """

    name: str
    rms_db: float | None = None
    lufs: float | None = None
    peak_db: float | None = None
    true_peak: bool = True

    @property
    def target(self) -> float | None:
        """The level aimed at, in dB RMS or LUFS."""
        return self.rms_db if self.rms_db is not None else self.lufs

    @property
    def ceiling_db(self) -> float | None:
        """Where the limiter stands: half a dB below the limit, for a lossy encoder to spend."""
        return None if self.peak_db is None else self.peak_db - 0.5

    def __str__(self) -> str:
        if self.name != "custom":
            return self.name
        values = {"rms": self.rms_db, "lufs": self.lufs, "peak": self.peak_db}
        return ",".join(f"{key}={value:g}" for key, value in values.items() if value is not None)


PRESETS = {
    "acx-spec": Loudness("acx-spec", rms_db=-20.5, peak_db=-3.0, true_peak=False),
    "podcast": Loudness("podcast", lufs=-19.0, peak_db=-1.0),  # mono; as loud as stereo at -16
    "ebu": Loudness("ebu", lufs=-23.0, peak_db=-1.0),
    "none": Loudness("none"),
}
DEFAULT_LOUDNESS = PRESETS["acx-spec"]
RANGES = {"rms": (-40.0, -10.0), "lufs": (-40.0, -8.0), "peak": (-20.0, 0.0)}
REMEDY = "choose from podcast, ebu, acx-spec, none, or write lufs=-18,peak=-1 or rms=-20,peak=-3"


def parse_loudness(text: str) -> Loudness:
    """Read the name of a preset, or targets such as "lufs=-18,peak=-1".

    A peak limit counts between samples; without one it is -1 dB.

    Raises:
        UsageError: it is neither.
    """
    if preset := PRESETS.get(text.strip().lower()):
        return preset
    values: dict[str, float] = {}
    for item in text.lower().split(","):
        found = re.fullmatch(r"\s*(rms|lufs|peak)\s*=\s*(-?\d+(?:\.\d+)?)\s*(?:db|dbtp|dbfs|lufs)?\s*", item)
        if not found:
            raise UsageError(f"{item.strip()!r} is no loudness", where="--loudness", remedy=REMEDY)
        key, value = found[1], float(found[2])
        low, high = RANGES[key]
        if not low <= value <= high:
            raise UsageError(f"{key} of {value:g} dB", where="--loudness", remedy=f"give {low:g} to {high:g}")
        values[key] = value
    if ("rms" in values) == ("lufs" in values):
        raise UsageError(
            "give one of rms and lufs, and a peak if you like", where="--loudness", remedy=REMEDY
        )
    wanted = Loudness("custom", values.get("rms"), values.get("lufs"), -1.0)
    return replace(wanted, peak_db=values["peak"]) if "peak" in values else wanted
