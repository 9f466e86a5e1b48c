"""`--takes`, wherever it is an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from csm_cli.takes.place import Place

    MaybePlace = Place | None
else:
    MaybePlace = Any  # typer knows no unions


def _place(text: str) -> Place:
    from csm_cli.takes.place import place_from

    return place_from(text)


TakesOption = Annotated[
    MaybePlace,
    typer.Option(
        "--takes",
        metavar="DIR|URL",
        parser=_place,
        help="Where takes are kept, a folder or a URL such as s3://bucket/takes. "
        "Default: .csm/takes beside the script.",
    ),
]
