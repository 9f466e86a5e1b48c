"""Errors as a client gets them: a status, a code for programs, one line for people, and what to do."""

from __future__ import annotations

import errno
import json
import logging
import os
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from csm_cli.core.errors import (
    FILES_OPEN,
    CsmError,
    MissingError,
    ScriptError,
    UsageError,
    causes,
    is_full,
    remedy_of,
)
from csm_cli.core.visible import json_visible

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)

Shape = Literal["flat", "openai"]
"""`flat`: the error is the answer; `openai`: the answer has it under "error", as OpenAI's clients read it."""

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """An error that a client is answered with.

    Args:
        status: of HTTP.
        code: for programs, in one word.
        message: what is wrong, in plain words.
        remedy: what to do about it.
        place: file, `file:line:col`, option or field that it concerns.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        remedy: str = "",
        place: str | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.remedy, self.place, self.headers = remedy, place, dict(headers or {})

    def as_dict(self) -> dict[str, Any]:
        """`{"code", "message", "remedy", "place"}`."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy, "place": self.place}

    def as_body(self, shape: Shape) -> dict[str, Any]:
        """What is sent as JSON."""
        if shape == "flat":
            return self.as_dict()
        kind = _TYPES.get(self.status) or ("server_error" if self.status >= 500 else "invalid_request_error")
        # Programs that speak OpenAI's interface show the message alone.
        message = f"{self.message}; {self.remedy}" if self.remedy else self.message
        return {"error": self.as_dict() | {"message": message, "type": kind, "param": self.place}}


def api_error(error: Exception) -> ApiError:
    """What to answer after any exception; of one that nobody foresaw, nothing but that it happened."""
    if isinstance(error, ApiError):
        return error
    full = [each for each in causes(error) if is_full(each)]
    if any(isinstance(each, OSError) and each.errno == errno.EFBIG for each in full):
        what = "a file that is written has become larger than the system allows"
        return ApiError(507, "file_too_large", what, remedy_of(OSError(errno.EFBIG, "")))
    if full:
        return ApiError(507, "disk_full", "there is no room left on the disk", "free some space")
    if any(isinstance(each, OSError) and each.errno in FILES_OPEN for each in causes(error)):
        return ApiError(503, "too_many_files", "too many files are open in csm", "try again in a while")
    if isinstance(error, ScriptError):
        place, _, message = _first_problem(error)
        more = "" if error.number == 1 else f" (and {error.number - 1} more)"
        return ApiError(422, "invalid_script", message + more, "", place)
    if isinstance(error, CsmError):
        status, code = 500, "failed"
        if isinstance(error, UsageError):
            status, code = 400, "bad_request"
        elif isinstance(error, MissingError):
            status, code = 404, "missing"
        return ApiError(status, code, error.what, error.remedy or "", error.where)
    return _of_http(error)


def _of_http(error: Exception) -> ApiError:
    status = getattr(error, "status_code", None)  # starlette's HTTPException
    if status == 404:
        return ApiError(
            404, "not_found", "there is nothing at this address", "see the docs for what there is"
        )
    if status == 405:
        allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
        remedy = f"use {allowed}" if allowed else ""
        headers = getattr(error, "headers", None)
        return ApiError(405, "method", "this address does not take that method", remedy, headers=headers)
    if isinstance(status, int) and 400 <= status < 500:
        return ApiError(status, "bad_request", str(getattr(error, "detail", "the request cannot be used")))
    return ApiError(500, "internal", "something went wrong in csm", "the log of the server says where")


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as an answer in JSON; names of files in it need not be UTF-8."""
    from starlette.responses import Response

    text = json_visible(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    return Response(text.encode(), status, headers, "application/json")


def error_response(error: Exception, shape: Shape = "flat") -> Response:
    """The answer for an exception."""
    found = api_error(error)
    log_if_internal(error)
    return json_response(found.as_body(shape), found.status, found.headers)


def error_handlers(shape: Shape) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """For the `exception_handlers` of a Starlette application: every exception becomes an answer."""
    from starlette.exceptions import HTTPException

    async def answer(request: Request, error: Exception) -> Response:
        return error_response(error, shape)

    return dict.fromkeys((ApiError, CsmError, OSError, HTTPException, Exception), answer)


def log_if_internal(error: Exception) -> None:
    """Note an exception that nobody foresaw, for whoever looks after the server."""
    if api_error(error).code == "internal":
        _log.error("%s", where_it_happened(error), exc_info=error if _debugging() else None)


def where_it_happened(error: BaseException) -> str:
    """An exception nobody foresaw in one line without its message, which may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"csm: error: internal: {type(error).__name__}{place}; set CSM_DEBUG=1 to see the traceback"


def _first_problem(error: ScriptError) -> tuple[str | None, str, str]:
    """(file:line:col, level, message) of the first line of a script's problems."""
    problem = error.problems[0] if error.problems else "the script cannot be used"
    for level in ("error", "warning"):
        place, found, message = problem.partition(f": {level}: ")
        if found:
            return place, level, message
    return None, "error", problem


def _debugging() -> bool:
    return os.environ.get("CSM_DEBUG", "") not in ("", "0")
