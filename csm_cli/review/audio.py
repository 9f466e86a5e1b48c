"""The sound of a take over HTTP: FLAC as it is stored, whole or a range of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import Response

from csm_cli.core.errors import CsmError
from csm_cli.review.book import Book
from csm_cli.takes.store import AUDIO
from csm_cli.web.errors import ApiError

_ID = re.compile(r"[0-9a-f]{20}")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
TYPE = "audio/flac"


def take_audio(book: Book, take_id: str, headers: Mapping[str, str]) -> Response:
    """The sound of a take.

    Args:
        book: a script; takes of all scripts beside it can be had.
        take_id: of the take.
        headers: of the request: `If-None-Match`, `Range`, `If-Range`. Several ranges are answered by all.

    Raises:
        ApiError: there is no such take, it is damaged, or the range lies behind its end.
    """
    store = book.opened.store
    take = store.peek(take_id) if _ID.fullmatch(take_id) else None
    if take is None:
        raise ApiError(404, "no_take", "there is no such take", "read the line again", take_id[:40])
    tag = f'"{take.files.get(AUDIO, {}).get("sha256", take.id)[:32]}"'
    common = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if tag in [each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=common)
    try:
        data = store.audio_bytes(take)
    except CsmError as error:
        raise ApiError(404, "damaged_take", error.what, error.remedy or "", error.where) from error
    wanted = _RANGE.fullmatch(headers.get("range", "").strip())
    backwards = wanted is not None and wanted[1] and wanted[2] and int(wanted[2]) < int(wanted[1])
    if wanted is None or backwards or not (wanted[1] or wanted[2]) or headers.get("if-range", tag) != tag:
        return Response(data, media_type=TYPE, headers=common)
    if wanted[1]:
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
    else:  # the last so many bytes
        first, last = max(0, len(data) - int(wanted[2])), len(data) - 1
    if first > last:
        whole = {"Content-Range": f"bytes */{len(data)}"}
        raise ApiError(416, "range", "the range lies outside the sound", headers=common | whole)
    part = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
    return Response(data[first : last + 1], 206, media_type=TYPE, headers=common | part)
