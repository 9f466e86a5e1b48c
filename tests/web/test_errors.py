"""What clients are answered after an exception."""

from __future__ import annotations

import errno
import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from csm_cli.core.errors import CsmError, MissingError, ScriptError, UsageError
from csm_cli.web import check_installed
from csm_cli.web.errors import ApiError, api_error, error_handlers, error_response


@pytest.mark.parametrize(
    ("error", "status", "code", "place"),
    [
        (UsageError("is odd", where="--speed", remedy="give 1"), 400, "bad_request", "--speed"),
        (MissingError("there is no voice bob", where="voice"), 404, "missing", "voice"),
        (CsmError("broke"), 500, "failed", None),
        (KeyError("secret"), 500, "internal", None),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "disk_full", None),
        (ScriptError(["a.yaml:3:7: error: no such voice", "a.yaml:9:1: warning: x"]), 422, "invalid_script",
         "a.yaml:3:7"),
        (ApiError(409, "changed", "it changed", place="a"), 409, "changed", "a"),
    ],
)  # fmt: skip
def test_each_kind_has_its_status_code_and_place(error, status, code, place):
    found = api_error(error)
    assert (found.status, found.code, found.place) == (status, code, place)
    assert set(found.as_dict()) == {"code", "message", "remedy", "place"}


def test_a_full_disk_is_found_behind_other_errors():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise CsmError("cannot be written") from error
    except CsmError as error:
        assert api_error(error).status == 507


def test_further_problems_of_a_script_are_counted():
    found = api_error(ScriptError(["a.yaml:3:7: error: no such voice", "a.yaml:9:1: error: x"]))
    assert found.message == "no such voice (and 1 more)"


def test_the_message_for_openai_has_the_remedy_in_it():
    body = ApiError(422, "invalid_voice", "there is no voice bob", "see /v1/audio/voices", "voice").as_body(
        "openai"
    )
    assert body["error"]["message"] == "there is no voice bob; see /v1/audio/voices"
    assert body["error"]["type"] == "invalid_request_error"
    assert (body["error"]["param"], body["error"]["code"]) == ("voice", "invalid_voice")


def test_nothing_of_an_unforeseen_error_is_sent_or_logged_but_its_place(caplog):
    try:
        raise ValueError("what the client wrote")
    except ValueError as error:
        with caplog.at_level(logging.ERROR):
            response = error_response(error)
    assert response.status_code == 500
    assert b"client wrote" not in response.body and b"test_errors" not in response.body
    assert "ValueError in test_errors.py:" in caplog.text and "client wrote" not in caplog.text


def test_an_application_answers_every_error_in_its_shape():
    def fails(request):
        raise MissingError("there is no take x")

    app = Starlette(routes=[Route("/fails", fails)], exception_handlers=error_handlers("flat"))
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/fails").json()["message"] == "there is no take x"
    assert (client.get("/nowhere").status_code, client.get("/nowhere").json()["code"]) == (404, "not_found")
    refused = client.post("/fails")
    assert (refused.status_code, refused.json()["code"]) == (405, "method")
    assert "GET" in refused.headers["allow"]
    shaped = Starlette(routes=[], exception_handlers=error_handlers("openai"))
    assert json.loads(TestClient(shaped).get("/x").content)["error"]["code"] == "not_found"


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    check_installed()
    monkeypatch.setattr("csm_cli.web.find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"needs starlette and uvicorn; pip install 'csm-cli\[web\]'"):
        check_installed()


def test_an_answer_holds_any_name_of_a_file():
    from csm_cli.web.errors import json_response
    from csm_cli.web.sse import event

    value = {"path": "caf\udce9/\x1b\u202e.wav"}
    answer = json_response(value)
    assert json.loads(answer.body) == value
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(event("x", value).decode().split("data: ")[1]) == value
