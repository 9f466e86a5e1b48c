"""Scripts as text: the readers of each format and the `Screenplay` they all make."""

from csm_cli.screenplay.document import (
    NARRATOR,
    CastMember,
    Chapter,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Source,
)
from csm_cli.screenplay.reader import read_screenplay

__all__ = [
    "NARRATOR",
    "CastMember",
    "Chapter",
    "Line",
    "Pause",
    "SceneBreak",
    "Screenplay",
    "Source",
    "read_screenplay",
]
