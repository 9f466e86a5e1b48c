"""Speaker tags of a script that belong to other voices, on a model that was trained on shipped voices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from csm_cli.script.document import Screenplay, Source
from csm_cli.script.problems import shown


def tag_doubts(play: Screenplay, own: Mapping[str, int], shipped: int) -> Iterator[tuple[Source, str]]:
    """Characters whose `speaker:` is a shipped voice's, and who are cast in another; with what is wrong.

    Args:
        play: the script.
        own: tags of the shipped voices, by the names that the cast has for them.
        shipped: how many shipped voices the model was trained on; they have the lowest tags.
    """
    for member in play.cast.values():
        tag = member.speaker
        if tag is not None and tag < shipped and own.get(member.voice) != tag:
            yield (
                member.source,
                f"speaker {tag} of {shown(member.name)} is a shipped voice's on this model, "
                f"which will be heard in it; give {shipped} to 99, or leave it out",
            )
