"""The parts between HTTP and the engine: places, channels, encoders, names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_cli.serve.admission import Admission
from csm_cli.serve.catalogue import VOICES, Catalogue
from csm_cli.serve.channel import Channel
from csm_cli.serve.encoders import FORMATS, Encoders
from csm_cli.serve.records import Metrics, Record
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.web.errors import ApiError


@settings(max_examples=30)
@given(
    st.integers(1, 3),
    st.integers(0, 3),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=12),
)
def test_places_are_given_in_order_and_come_back(
    at_once: int, waiting: int, clients: list[tuple[str, int, bool]]
) -> None:
    """Clients come one after another, stay for some turns, and some leave while they wait or work."""
    admission = Admission(at_once, waiting, 4)
    order: list[int] = []

    async def client(number: int, name: str, turns: int) -> None:
        waits = admission.at_work >= at_once
        async with admission.place(name):
            if waits:
                order.append(number)
            assert admission.at_work <= at_once and admission.waiting <= waiting
            for _ in range(turns):
                await asyncio.sleep(0)

    async def check() -> None:
        tasks = []
        for number, (name, turns, leaves) in enumerate(clients):
            tasks.append(asyncio.create_task(client(number, name, turns)))
            await asyncio.sleep(0)
            if leaves:
                tasks[-1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(each is None or isinstance(each, ApiError | asyncio.CancelledError) for each in found)
        assert admission.at_work == admission.waiting == 0 and not admission._clients

    asyncio.run(check())
    assert order == sorted(order)


def test_a_channel_holds_few_blocks_and_passes_on_what_went_wrong() -> None:
    sent: list[int] = []

    def blocks() -> Iterator[bytes]:
        for number in range(20):
            sent.append(number)
            yield bytes([number])
        raise KeyError("broken")

    async def check() -> None:
        channel = Channel(most=3)
        thread = threading.Thread(target=channel.pour, args=(blocks(),))
        thread.start()
        found = [await channel.receive() for _ in range(5)]
        await asyncio.sleep(0.05)
        assert found == [bytes([number]) for number in range(5)] and len(sent) <= 9
        for _ in range(15):
            await channel.receive()
        with pytest.raises(KeyError):
            await channel.receive()
        thread.join(5)

    asyncio.run(check())


def test_a_thread_ends_when_nobody_reads_any_more() -> None:
    closed = threading.Event()

    def blocks() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.set()

    async def check() -> None:
        channel = Channel(most=2)
        thread = threading.Thread(target=channel.pour, args=(blocks(),))
        thread.start()
        assert await channel.receive() == b"x"
        channel.leave()
        thread.join(5)
        assert not thread.is_alive()

    asyncio.run(check())


def encoded(form: str, blocks: list[bytes], encoders: Encoders | None = None) -> bytes:
    async def check() -> bytes:
        waiting = iter(blocks)

        async def source() -> bytes | None:
            return next(waiting, None)

        async with (encoders or Encoders(1)).encoding(form, 24_000, source) as parts:
            return b"".join([part async for part in parts])

    return asyncio.run(check())


@pytest.mark.parametrize("form", list(FORMATS))
def test_bytes_do_not_depend_on_how_the_sound_is_cut(form: str) -> None:
    sound = bytes(range(256)) * 200
    whole = encoded(form, [sound])
    assert whole and encoded(form, [sound[at : at + 1000] for at in range(0, len(sound), 1000)]) == whole


def test_an_encoder_that_fails_is_an_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setitem(FORMATS, "mp3", replace(FORMATS["mp3"], arguments=("-b:a", "nonsense", "-f", "mp3")))
    encoders = Encoders(1)
    for _ in range(2):
        with pytest.raises(ApiError, match="ffmpeg ended with exit code"):
            encoded("mp3", [b"\0" * 200_000] * 10, encoders)
        assert encoders.running == 0
    with pytest.raises(ApiError, match="too many answers"):
        encoded("mp3", [b"\0"], Encoders(0))


def test_every_name_of_openai_stands_for_a_shipped_voice(tmp_path: Path) -> None:
    shipped = {voice.name for voice in VoiceRegistry(tmp_path).all()}
    assert set(VOICES.values()) <= shipped and not set(VOICES) & shipped
    catalogue = Catalogue("some-model", tmp_path)
    assert catalogue.voice_called(" Onyx ") == "george" and catalogue.voice_called("") == ""
    assert catalogue.voice_called("slt") == "heart"  # as earlier versions named it
    listed = {entry["id"]: entry for entry in catalogue.voices()}
    assert shipped | set(VOICES) == set(listed) and listed["nova"]["alias_of"] == VOICES["nova"]


def test_voices_of_ones_own_come_first(tmp_path: Path) -> None:
    folder = tmp_path / "voices" / "alloy"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text("name: alloy\nspeaker: 40\n")
    assert Catalogue("m", tmp_path).voice_called("alloy") == "alloy"
    assert [each["alias_of"] for each in Catalogue("m", tmp_path).voices() if each["id"] == "alloy"] == [None]
    (folder / "voice.yaml").write_text("nonsense: [")
    with pytest.raises(ApiError, match="cannot be read"):
        Catalogue("m", tmp_path).voice_called("alloy")


def test_sums_are_prometheus_text() -> None:
    value: Callable[[], float] = lambda: 3  # noqa: E731
    metrics = Metrics({"csm_slots": ("Slots.", value)})
    metrics.add(Record("a", "speech", 200, "", 10, 1.5, 0.3, 2.0))
    metrics.add(Record("b", "speech", 429, "busy"))
    text = metrics.text()
    rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert rows['csm_requests_total{what="speech",status="200"}'] == "1"
    assert rows['csm_first_sound_seconds_bucket{le="0.2"}'] == "0"
    assert rows['csm_first_sound_seconds_bucket{le="0.5"}'] == rows["csm_first_sound_seconds_count"] == "1"
    assert rows["csm_speech_seconds_count"] == "2" and rows["csm_slots"] == "3"
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert all(row.startswith(tuple(names)) for row in rows)
