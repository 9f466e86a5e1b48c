"""Which recogniser: Whisper by faster-whisper, or pocketsphinx, small and offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

import numpy as np

from csm_cli.core.errors import MissingError, UsageError

AUTO = "auto"
SPHINX = "pocketsphinx"
WHISPER = "whisper"
RATE = 16_000
"""Hz, what every recogniser here listens to."""
INSTALL = "pip install 'csm-cli[asr]', or choose --asr pocketsphinx"
POOR_JUDGE = "pocketsphinx is a poor judge of some accents: it gets every fourth word of British voices wrong"


class Recogniser(Protocol):
    """Writes down what it hears.

    Attributes:
        name: what it is, with its model, for reports.
    """

    @property
    def name(self) -> str: ...
    def hear(self, sounds: Sequence[np.ndarray], rate: int) -> list[str]:
        """The words of each sound, float32 mono `[samples]` at `rate` Hz, at most 30 s long; "" for none."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A recogniser that also says how likely a sound is to be a certain text."""

    def weigh(
        self, sounds: Sequence[np.ndarray], rate: int, texts: Callable[[int, str], Sequence[str]]
    ) -> list[tuple[str, list[float]]]:
        """Writes down each sound, and weighs texts.

        Args:
            sounds, rate: as for `Recogniser.hear`.
            texts: called with the place of a sound and its transcript; returns what is to be weighed.

        Returns:
            The transcript of each sound, and the natural logarithm of the probability of each of its texts.
        """
        ...


def load_recogniser(
    what: str,
    language: str = "en",
    device: str = "auto",
    note: Callable[[str], None] = lambda text: None,
) -> Recogniser:
    """Loads a recogniser.

    Args:
        what: "pocketsphinx" (English alone); "whisper" (the base size), "whisper:small" or another size; a
            Whisper checkpoint, a folder or a repository on the Hub that has been pulled; or "auto": Whisper
            base if it and faster-whisper are there, else pocketsphinx.
        language: tag of what is spoken; a Whisper of many languages is told it.
        device: where a Whisper runs: auto, cpu, cuda or mps.
        note: called with a line on what the choice costs.

    Raises:
        UsageError: the recogniser does not know the language.
        MissingError: its package or its model is not there.
    """
    english = language.lower().startswith("en")
    why = ""
    if what == AUTO:
        why = _why_no_whisper()
        what = SPHINX if why and english else WHISPER
    if what == SPHINX:
        if not english:
            raise UsageError(
                f"pocketsphinx knows English only, not {language!r}",
                where="--asr",
                remedy="choose a Whisper checkpoint",
            )
        from csm_cli.verify.recognisers.sphinx import Sphinx

        sphinx = Sphinx()
        note(f"{POOR_JUDGE}; {why or 'Whisper is better: --asr whisper'}")
        return sphinx
    from csm_cli.verify.recognisers.whisper import Whisper

    return Whisper(what, language, device)


def _why_no_whisper() -> str:
    """What to do to have Whisper; empty if it is there."""
    if not _installed("faster_whisper"):
        return "for Whisper: pip install 'csm-cli[asr]'"
    from csm_cli.verify.recognisers.whisper_models import find_whisper

    try:
        find_whisper(WHISPER)
    except MissingError as error:
        return f"for Whisper, {error.remedy}"
    return ""


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # blocked in sys.modules
        return False
