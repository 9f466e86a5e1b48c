"""Checks of what was spoken: on codes, on sound, by ear."""

from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.verifier import Verifier

__all__ = ["Candidate", "Verdict", "Verifier"]
