"""Checks of what was spoken: on codes, on sound, by ear."""

from csm_cli.verify.verdict import Reading, Verdict
from csm_cli.verify.verifier import Verifier

__all__ = ["Reading", "Verdict", "Verifier"]
