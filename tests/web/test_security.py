"""Who is answered: hosts, origins, tokens, and bodies of a bounded size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.web.errors import error_handlers
from csm_cli.web.security import Guard, allowed_hosts, check_bind, new_token, read_token

HOSTS = allowed_hosts("127.0.0.1", 8880, ["reader.lan"])
TOKEN = "abcDEF123"


async def echo(request):
    return PlainTextResponse(await request.body())


def client(token=None, origins=(), open_paths=(), **limits) -> TestClient:
    routes = [
        Route(path, echo, methods=["GET", "POST"]) for path in ("/", "/v1/x", "/health", "/static/page.js")
    ]
    app = Starlette(routes=routes, exception_handlers=error_handlers("flat"))
    guard = Guard(app, token, HOSTS, origins, open_paths, "flat", **limits)
    return TestClient(guard, base_url="http://localhost:8880")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8880", "localhost:8880", "LOCALHOST:8880", "[::1]:8880", "reader.lan", "reader.lan:8880"],
)
def test_names_on_the_list_are_answered(host):
    assert client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:1", "localhost:8880.evil.example", ""]
)
def test_another_name_is_refused_whatever_it_resolves_to(host):
    answer = client().get("/", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "host")


def test_the_address_that_a_connection_came_in_at_is_a_name_of_the_server():
    guarded = TestClient(client().app, base_url="http://192.0.2.7:8880")
    assert guarded.get("/").status_code == 200
    assert guarded.get("/", headers={"Host": "192.0.2.8:8880"}).status_code == 403


def test_a_page_elsewhere_changes_nothing():
    for origin in (
        "http://evil.example",
        "null",
        "http://localhost:8881",
        "http://localhost:8880.evil.example",
    ):
        answer = client().post("/", headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin"), origin
    assert client().post("/", headers={"Origin": "http://localhost:8880"}).status_code == 200
    assert client().post("/").status_code == 200
    assert (
        client(origins=["https://ours.example"])
        .post("/", headers={"Origin": "https://ours.example"})
        .is_success
    )


def test_only_listed_origins_get_headers_for_reading_from_elsewhere():
    ask = {"Origin": "https://ours.example", "Access-Control-Request-Method": "POST"}
    refused = client().options("/v1/x", headers=ask)
    assert refused.status_code == 403 and "access-control-allow-origin" not in refused.headers
    allowed = client(token=TOKEN, origins=["https://ours.example"]).options("/v1/x", headers=ask)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "https://ours.example"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    assert (
        "access-control-allow-origin"
        not in client().get("/", headers={"Origin": "https://a.example"}).headers
    )


def test_the_token_is_asked_for_everywhere_but_on_open_paths():
    guarded = client(TOKEN, open_paths=("/health", "/static/"))
    assert guarded.get("/health").status_code == guarded.get("/static/page.js").status_code == 200
    for given_token in (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
    ):
        headers = {} if given_token is None else {"Authorization": given_token}
        answer = guarded.get("/v1/x", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "token"), given_token
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert guarded.get("/v1/x", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/v1/x", params={"token": TOKEN}).status_code == 401


@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40))
def test_no_other_token_passes(text):
    answer = client(TOKEN).get("/", headers={"Authorization": b"Bearer " + text.encode("latin-1")})
    assert answer.status_code == (200 if text.strip() == TOKEN else 401)


def test_long_bodies_are_refused_by_their_length_and_by_what_comes():
    guarded = client(body_bytes=100)
    assert guarded.post("/", content=b"a" * 100).content == b"a" * 100
    answer = guarded.post("/", content=b"a" * 101)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert guarded.post("/", content=b"", headers={"Content-Length": "9" * 5000}).status_code == 413
    chunked = guarded.post("/", content=iter([b"a" * 60, b"a" * 60]))
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")


def test_every_answer_has_the_headers_that_keep_pages_apart():
    for answer in (client().get("/"), client(TOKEN).get("/"), client().get("/", headers={"Host": "x"})):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "cache-control" not in answer.headers
    assert client().get("/v1/x").headers["cache-control"] == "no-store"


def test_beyond_loopback_only_with_a_token():
    for host in ("127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"):
        check_bind(host, None)
    for host in ("0.0.0.0", "::", "192.168.1.5", "reader.lan"):
        check_bind(host, "t")
        with pytest.raises(UsageError, match="--token-file"):
            check_bind(host, None)


def test_hosts_have_their_port_unless_a_name_is_added():
    assert allowed_hosts("127.0.0.1", 9) == {"127.0.0.1:9", "localhost:9", "[::1]:9"}
    assert "[fd00::1]:9" in allowed_hosts("fd00::1", 9)
    more = allowed_hosts("0.0.0.0", 9, ["Reader.lan", "other.lan:443", "[fd00::2]"])
    assert {"reader.lan", "reader.lan:9", "other.lan:443", "[fd00::2]", "[fd00::2]:9"} <= more
    assert "other.lan:9" not in more
    assert "localhost" in allowed_hosts("127.0.0.1", 80)


def test_a_token_comes_from_a_file_of_its_owner_or_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text("abc\n")
    file.chmod(0o600)
    monkeypatch.delenv("CSM_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("CSM_TOKEN", "xyz")
    assert (read_token(None), read_token(file)) == ("xyz", "abc")
    file.chmod(0o604)
    with pytest.raises(UsageError, match="chmod 600"):
        read_token(file)
    file.chmod(0o600)
    for text in ("", " \n", "two words", "schlüssel"):
        file.write_text(text)
        with pytest.raises(UsageError):
            read_token(file)
    with pytest.raises(MissingError, match="no such file"):
        read_token(tmp_path / "other")
    monkeypatch.setenv("CSM_TOKEN", "")
    with pytest.raises(UsageError, match="CSM_TOKEN"):
        read_token(None)
    assert len({new_token() for _ in range(10)}) == 10
