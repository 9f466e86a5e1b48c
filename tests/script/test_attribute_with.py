"""A language model that is asked who speaks: it chooses among the names, and the rules check it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from csm_cli.core.errors import UsageError
from csm_cli.script import read_screenplay
from csm_cli.script.attribution import WHO, attribute_with

BOOK = "“One,” said Anna.\n\n“Two,” said Ben.\n\nIt rained.\n\nIt rained again.\n\n“Three.”\n"


class Model(ThreadingHTTPServer):
    """A server that gives one answer; `asked` are the requests: (path, headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: object = {}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        answer = self.server.answer
        text = answer if isinstance(answer, str) else f"Here it is: {json.dumps(answer)}"
        content = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def model() -> Iterator[Model]:
    with Model() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def play(tmp_path):
    (tmp_path / "a.txt").write_text(BOOK, encoding="utf-8")
    return read_screenplay(tmp_path / "a.txt")


def said(guesses) -> dict[str, tuple[str, bool]]:
    """(Speaker, whether marked) by quotation."""
    lines = (line for line in guesses.screenplay.lines if line.text.startswith("“"))
    return {line.text.strip("“”,."): (line.speaker, WHO in line.notes) for line in lines}


def test_the_model_decides_what_the_rules_doubt(model, play):
    model.answer = {"1": "Anna", "2": "Ben", "3": "Ben"}
    guesses = attribute_with(play, model.url, key="secret", model="small")
    assert said(guesses)["Three"][0] == "Ben"
    path, headers, body = model.asked[0]
    assert (path, headers["Authorization"], body["model"]) == (
        "/v1/chat/completions",
        "Bearer secret",
        "small",
    )
    assert '["Anna", "Ben", "narrator"]' in str(body["messages"])
    assert "[1]“One,” said Anna." in str(body["messages"])
    assert guesses.notes == ()


def test_a_long_book_is_asked_about_in_parts(model, tmp_path):
    text = "\n\n".join(f"“Word {number},” said {('Anna', 'Ben')[number % 2]}." for number in range(100))
    (tmp_path / "long.txt").write_text(text, encoding="utf-8")
    guesses = attribute_with(read_screenplay(tmp_path / "long.txt"), model.url)
    asked = [str(body["messages"]) for _, _, body in model.asked]
    assert len(asked) == 3
    assert all(text.count("[1]") == 1 and "[41]" not in text for text in asked)
    assert "[1]“Word 40," in asked[1] and "“Word 39," in asked[1]
    assert guesses.guessed == 100 and guesses.doubtful == 0


def test_a_sure_rule_wins_and_the_difference_is_marked(model, play):
    model.answer = {"1": "Ben", "2": "Ben"}
    guesses = attribute_with(play, model.url)
    assert said(guesses)["One"] == ("Anna", True)
    assert said(guesses)["Two"] == ("Ben", False)


def test_what_rules_and_model_agree_on_is_not_marked(model, play):
    model.answer = {}
    before = said(attribute_with(play, model.url))["Three"]
    assert before[1]
    model.answer = {"3": before[0]}
    assert said(attribute_with(play, model.url))["Three"] == (before[0], False)


def test_a_name_that_is_not_in_the_list_is_not_heeded(model, play):
    model.answer = {"1": "Sherlock", "2": ["Ben"], "3": "Nobody"}
    guesses = attribute_with(play, model.url)
    assert said(guesses)["One"] == ("Anna", False)
    assert 'was not heeded: "Sherlock"' in guesses.notes[0]


@pytest.mark.parametrize("answer", ["no JSON at all", "{broken", "[1, 2]", "{" * 5000 + "}" * 5000])
def test_an_answer_that_is_none_leaves_it_to_the_rules(model, play, answer):
    model.answer = answer
    guesses = attribute_with(play, model.url)
    assert said(guesses)["One"] == ("Anna", False)
    assert len(guesses.notes) == 1 and "sends no JSON" in guesses.notes[0] and "\n" not in guesses.notes[0]


@pytest.mark.parametrize("status", [302, 401, 500])
def test_an_error_of_the_server_leaves_it_to_the_rules(model, play, status):
    model.status = status
    guesses = attribute_with(play, model.url, key="secret")
    assert said(guesses)["One"] == ("Anna", False)
    assert f"answers {status}" in guesses.notes[0] and "secret" not in guesses.notes[0]
    assert len(model.asked) == 1


def test_no_server_leaves_it_to_the_rules(model, play):
    model.shutdown()
    model.server_close()
    guesses = attribute_with(play, model.url)
    assert said(guesses)["One"] == ("Anna", False)
    assert "cannot be reached" in guesses.notes[0]


@pytest.mark.parametrize("url", ["localhost:8000", "file:///etc/passwd", "ftp://x/y", "http://"])
def test_only_a_server_can_be_asked(play, url):
    with pytest.raises(UsageError):
        attribute_with(play, url)
