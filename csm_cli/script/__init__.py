"""Scripts as text: the readers of each format and the `Screenplay` they all make."""

from csm_cli.script.document import (
    METADATA,
    NARRATOR,
    PLAIN,
    Bed,
    BedEnd,
    CastMember,
    Chapter,
    Item,
    Line,
    Pause,
    Scene,
    SceneBreak,
    Screenplay,
    Settings,
    Sound,
    Source,
)
from csm_cli.script.reader import check_screenplay, read_screenplay

__all__ = [
    "METADATA",
    "NARRATOR",
    "PLAIN",
    "Bed",
    "BedEnd",
    "CastMember",
    "Chapter",
    "Item",
    "Line",
    "Pause",
    "Scene",
    "SceneBreak",
    "Screenplay",
    "Settings",
    "Sound",
    "Source",
    "check_screenplay",
    "read_screenplay",
]
