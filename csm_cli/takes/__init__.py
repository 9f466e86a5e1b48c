"""Takes: every spoken line as codes, audio and a sidecar, found again by what can change its sound."""

from csm_cli.takes.keys import LineRequest, ModelIdentity, VoiceIdentity
from csm_cli.takes.store import TakeStore
from csm_cli.takes.take import Part, Take

__all__ = ["LineRequest", "ModelIdentity", "Part", "Take", "TakeStore", "VoiceIdentity"]
