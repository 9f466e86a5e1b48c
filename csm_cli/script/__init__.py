"""Scripts: readers of several formats, all returning a `Screenplay`, and writers of YAML and Markdown."""

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
    SceneBreak,
    Screenplay,
    Settings,
    Sound,
)
from csm_cli.script.problems import Source
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
    "SceneBreak",
    "Screenplay",
    "Settings",
    "Sound",
    "Source",
    "check_screenplay",
    "read_screenplay",
]
