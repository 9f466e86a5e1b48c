"""Which recogniser: Whisper by faster-whisper, or pocketsphinx, small and offline."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.verify.recognisers.recogniser import SPHINX, WHISPER, Recogniser

AUTO = "auto"
POOR_JUDGE = "pocketsphinx is a poor judge of some accents: it gets every fourth word of British voices wrong"


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
        language: tag of what is spoken; passed to a Whisper of many languages.
        device: where a Whisper runs: auto, cpu, cuda or mps.
        note: called with a line on what the choice costs.

    Raises:
        UsageError: the recogniser does not support the language.
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
        from csm_cli.verify.recognisers.recogniser import Sphinx

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
