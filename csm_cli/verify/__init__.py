"""Checks of takes: of their codes, their samples, their words by a recogniser, and their voice."""

from csm_cli.verify.candidate import Candidate, Verdict
from csm_cli.verify.verifier import Verifier

__all__ = ["Candidate", "Verdict", "Verifier"]
