"""Very short lines, which a model says unsteadily, are spoken together with a neighbour, if the script asks.

Not unasked: a line that is inserted beside a short one would then change a take that is there already.
"""

from __future__ import annotations

from dataclasses import replace

from csm_cli.script import Chapter, Item, Line

SHORT_CHARACTERS = 12
"""Fewer than a second of speech: "Yes." comes out better as "Yes. Come in."."""


def join_short_lines(chapter: Chapter, most: int) -> Chapter:
    """`chapter` with very short lines joined to the line before or behind of the same speaker.

    Only neighbours that nothing sets apart: no pause, paragraph, sound, note, seed or other settings between
    them, and not the same words twice. A line that is joined keeps the id and place of the first.

    Args:
        chapter: as it stands in the script.
        most: characters of the longest line that may come of it.
    """
    items: list[Item] = []
    for item in chapter.items:
        last = items[-1] if items else None
        if isinstance(item, Line) and isinstance(last, Line) and _belong_together(last, item, most):
            items[-1] = replace(last, text=f"{last.text} {item.text}")
        else:
            items.append(item)
    return chapter if len(items) == len(chapter.items) else replace(chapter, items=tuple(items))


def _belong_together(first: Line, second: Line, most: int) -> bool:
    return (
        min(len(first.text), len(second.text)) < SHORT_CHARACTERS
        and len(first.text) + 1 + len(second.text) <= most
        and first.speaker == second.speaker
        and first.voice == second.voice
        and not second.new_paragraph
        and first.seed is second.seed is None
        and first.settings == second.settings
        and first.settings.pause_before is first.settings.pause_after is None
        and first.style == second.style
        and not second.notes
        and first.text != second.text
        and first.text[-1] in ".!?…\"”’'"
    )
