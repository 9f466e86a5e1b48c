"""A script with other names for its voices, and nothing else changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from csm_cli.script.document import Line, Screenplay


def recast(play: Screenplay, names: Mapping[str, str]) -> Screenplay:
    """The script with voices renamed in cast, styles, chapters and lines.

    Args:
        play: the script.
        names: new name by old; voices that it does not hold stay.
    """
    if not names:
        return play

    def new(name: str) -> str:
        return names.get(name, name)

    cast = {
        member.name: replace(
            member,
            voice=new(member.voice),
            styles={style: new(voice) for style, voice in member.styles.items()},
        )
        for member in play.cast.values()
    }
    chapters = tuple(
        replace(
            chapter,
            items=tuple(
                replace(item, voice=new(item.voice)) if isinstance(item, Line) else item
                for item in chapter.items
            ),
            voices={speaker: new(voice) for speaker, voice in chapter.voices.items()},
        )
        for chapter in play.chapters
    )
    return replace(play, cast=cast, chapters=chapters)
