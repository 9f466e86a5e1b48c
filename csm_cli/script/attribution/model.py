"""Attribution of quotations with a language model, through any server that speaks OpenAI's chat protocol.

The model may only choose among the characters that the rules found; what it says is checked against them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from csm_cli.core.errors import UsageError
from csm_cli.script.attribution.paragraphs import Paragraph
from csm_cli.script.attribution.speakers import (
    Attribution,
    Guesses,
    Said,
    attribute,
    composed_lines,
    with_speakers,
)
from csm_cli.script.document import NARRATOR, Screenplay

TIMEOUT = 120.0
"""Seconds that an answer may take."""
_MOST_CHARACTERS, _MOST_QUOTATIONS, _MOST_NAMES = 8000, 40, 60
"""Of one question."""
_CONTEXT = 3
"""Paragraphs before the first that is asked about."""
_MOST_BYTES = 1 << 20
_ROLE = (
    "You say who speaks the numbered quotations of a story. Answer with one JSON object and nothing else: "
    "its keys are the numbers, its values are names from the list, exactly as they stand there. "
    'Use "narrator" for the person who tells the story, and for anybody who is not in the list.'
)


class _Question(NamedTuple):
    """Text with numbered quotations, and the (paragraph, quotation) of each number, counted from 1."""

    text: str
    places: list[tuple[int, int]]


class _NoAnswerError(Exception):
    """Why there is no answer, in one line."""


class _NoRedirect(HTTPRedirectHandler):
    """Redirects are not followed: the key would go along."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def attribute_with(
    play: Screenplay, url: str, *, key: str = "", model: str = "default", timeout: float = TIMEOUT
) -> Guesses:
    """Assign the quotations in the narrator's lines as `guess_speakers` does, and ask a language model.

    Where the rules are sure they win; where they are not the model does. Where the two differ the quotation
    is marked. Without an answer the rules alone decide, and `notes` of the result says why.

    Args:
        play: the book.
        url: of the server, such as http://localhost:8000/v1.
        key: sent as a bearer token, if it is not empty.
        model: its name at the server.
        timeout: seconds that an answer may take.

    Raises:
        UsageError: it is no http or https URL.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise UsageError(
            "this is no URL of a server", where=url, remedy="give one such as http://localhost:8000/v1"
        )
    play = composed_lines(play)
    attribution = attribute(play)
    names = list(attribution.people.persons)[:_MOST_NAMES]
    said = [list(row) for row in attribution.said]
    answered, foreign, failure = 0, dict[str, None](), ""
    for question in _questions(attribution.paragraphs) if names else ():
        try:
            answers = _ask(url, _body(question.text, names, model), key, timeout)
        except _NoAnswerError as error:
            failure = str(error)
            break
        for number, (row, column) in enumerate(question.places, 1):
            name = answers.get(str(number))
            if name in names or name == NARRATOR:
                answered += 1
                said[row][column] = _agreed(said[row][column], str(name))
            elif name is not None:
                foreign[str(name)[:40]] = None
    guesses = with_speakers(play, Attribution(attribution.paragraphs, said, attribution.people))
    return replace(guesses, notes=tuple(_notes(guesses.quotes, answered, list(foreign), failure)))


def _agreed(said: Said, name: str) -> Said:
    """What the rules and the model say together."""
    if name == said.speaker:
        return said._replace(doubtful=False)
    if said.doubtful:
        return said._replace(speaker=name)
    return said._replace(doubtful=True)


def _notes(quotes: int, answered: int, foreign: Sequence[str], failure: str) -> Iterator[str]:
    if failure:
        yield f"the model answered for {answered} of {quotes} quotations, the rules for the others: {failure}"
    if foreign:
        listed = ", ".join(json.dumps(name, ensure_ascii=False) for name in foreign[:3])
        yield f"the model named nobody of the list, and was not heeded: {listed}"


def _questions(paragraphs: Sequence[Paragraph]) -> Iterator[_Question]:
    """The text in parts, its quotations numbered."""
    rows: list[str] = []
    places: list[tuple[int, int]] = []
    for number, paragraph in enumerate(paragraphs):
        row, at = "", 0
        for column, quotation in enumerate(paragraph.quotations):
            places.append((number, column))
            row += f"{paragraph.text[at : quotation.start]}[{len(places)}]"
            at = quotation.start
        rows.append((row + paragraph.text[at:])[:_MOST_CHARACTERS])
        if sum(map(len, rows)) >= _MOST_CHARACTERS or len(places) >= _MOST_QUOTATIONS:
            if places:
                yield _Question("\n".join(rows), places)
            before = paragraphs[max(0, number - _CONTEXT + 1) : number + 1]
            rows, places = [each.text[-_MOST_CHARACTERS // 8 :] for each in before], []
    if places:
        yield _Question("\n".join(rows), places)


def _body(text: str, names: Sequence[str], model: str) -> bytes:
    listed = json.dumps([*names, NARRATOR], ensure_ascii=False)
    question = f"Names: {listed}\n\nText:\n{text}"
    messages = [{"role": "system", "content": _ROLE}, {"role": "user", "content": question}]
    return json.dumps({"model": model, "temperature": 0, "messages": messages}).encode()


def _ask(url: str, body: bytes, key: str, timeout: float) -> dict[str, Any]:
    """The answer to a question: names by number.

    Raises:
        _NoAnswerError: the server cannot be reached, or what it sends is no such answer.
    """
    target = url.rstrip("/")
    if not target.endswith("/chat/completions"):
        target += "/chat/completions"
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        request = Request(target, body, headers)
        with build_opener(_NoRedirect).open(request, timeout=timeout) as response:
            data = response.read(_MOST_BYTES + 1)
    except HTTPError as error:
        raise _NoAnswerError(f"{target} answers {error.code}") from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())[:100]
        raise _NoAnswerError(f"{target} cannot be reached ({reason})") from error
    if len(data) > _MOST_BYTES:
        raise _NoAnswerError(f"{target} sends more than 1 MiB")
    try:
        content = json.loads(data)["choices"][0]["message"]["content"]
        found = json.loads(content[content.index("{") : content.rindex("}") + 1])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise _NoAnswerError(f"{target} sends no JSON of the kind that was asked for") from error
    return {str(number): name for number, name in found.items()}
