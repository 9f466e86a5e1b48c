"""Lines of a script by what is said of them on the command line."""

from __future__ import annotations

from csm_cli.core.errors import UsageError
from csm_cli.editing.lines import ScriptLine, ScriptTakes
from csm_cli.rendering.options import parse_chapters
from csm_cli.script.names import Names


def chosen_lines(
    script_takes: ScriptTakes, needs_review: bool, speakers: list[str] | None, chapters: str | None
) -> list[ScriptLine]:
    """The lines of these speakers and chapters.

    Args:
        needs_review: of these only the lines that do.
        speakers: their names as the script or its reader may write them; none: all.
        chapters: as "1-3,5"; None: all.

    Raises:
        UsageError: nobody is called so; no such chapters can be meant.
    """
    wanted = None if chapters is None else parse_chapters(chapters)
    cast = script_takes.job.screenplay.cast
    names = Names.of(cast)
    called = set()
    for name in speakers or ():
        if (found := names.find(name)) is None:
            remedy = f"choose from {', '.join(cast)}"
            raise UsageError(f"nobody is called {name!r}", where="--speaker", remedy=remedy)
        called.add(found)
    return [
        line
        for line in script_takes.lines
        if (not needs_review or line.reasons)
        and (not speakers or line.planned.line.speaker in called)
        and (wanted is None or line.chapter.number in wanted)
    ]
