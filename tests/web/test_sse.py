"""Server-sent events: what they look like, and who gets them."""

from __future__ import annotations

import asyncio
import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from csm_cli.web.sse import Broadcaster, event


def parsed(block: bytes) -> dict[str, str]:
    """An event as a browser reads it."""
    fields: dict[str, list[str]] = {}
    assert block.endswith(b"\n\n")
    for row in block[:-2].decode().split("\n"):
        name, _, value = row.partition(": ")
        fields.setdefault(name, []).append(value)
    return {name: "\n".join(values) for name, values in fields.items()}


@given(st.text())
def test_any_text_arrives_in_one_event(text):
    found = parsed(event("line", text, 7))
    assert found["data"] == text.replace("\r\n", "\n").replace("\r", "\n")
    assert (found["event"], found["id"]) == ("line", "7")


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_values_arrive_as_json(data):
    assert json.loads(parsed(event(None, data))["data"]) == data


async def following(broadcaster: Broadcaster):
    """A stream that has begun."""
    stream = broadcaster.stream()
    assert (await anext(stream)).startswith(b":")
    return stream


def test_all_clients_get_what_is_published_from_any_thread():
    async def check():
        broadcaster = Broadcaster()
        streams = [await following(broadcaster) for _ in range(3)]
        assert broadcaster.clients == 3
        threads = [threading.Thread(target=broadcaster.publish, args=("take", n)) for n in range(5)]
        for thread in threads:
            thread.start()
            thread.join()
        for stream in streams:
            got = [parsed(await anext(stream)) for _ in range(5)]
            assert [each["data"] for each in got] == list("01234")
            assert [each["id"] for each in got] == list("12345")
            await stream.aclose()
        assert broadcaster.clients == 0

    asyncio.run(check())


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_not():
    async def check():
        broadcaster = Broadcaster(waiting=4)
        lazy, keen = await following(broadcaster), await following(broadcaster)
        for number in range(20):
            broadcaster.publish("n", number)
            assert parsed(await anext(keen))["data"] == str(number)
        assert [each async for each in lazy] == []
        assert broadcaster.clients == 1
        await keen.aclose()

    asyncio.run(check())


def test_silence_is_broken_by_comments_and_closing_ends_all():
    async def check():
        broadcaster = Broadcaster(heartbeat=0.01)
        stream = await following(broadcaster)
        assert (await anext(stream)).startswith(b":")
        broadcaster.close()
        rest = [each async for each in stream]
        assert all(each.startswith(b":") for each in rest)
        assert [each async for each in broadcaster.stream()] == []

    asyncio.run(check())
