"""The official client of OpenAI against a real server: every format, streams, errors."""

from __future__ import annotations

import base64
import http.client
import io
import json
import time
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.audio.ffmpeg import run_ffmpeg
from csm_cli.engine import Engine
from csm_cli.serve.app import Service
from csm_cli.serve.encoders import FORMATS
from csm_cli.serve.speech import Bounds
from tests.serve.conftest import Running, served

TEXT = "Good morning to you."


def client(running: Running, key: str = "none", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=running.url, api_key=key, max_retries=0, timeout=60, **options)


def decoded(data: bytes, form: str) -> np.ndarray:
    """16-bit samples at 24 kHz, as float."""
    if form != "pcm":
        data = run_ffmpeg(
            ["-i", "pipe:0", "-f", "s16le", "-ar", "24000", "-ac", "1", "pipe:1"], data, where=form
        )
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2") / 32768


def speak(running: Running, form: str = "pcm", text: str = TEXT, **more: Any) -> bytes:
    answer = client(running).audio.speech.create(
        model="tts-1", voice="alloy", input=text, response_format=form, extra_body={"mode": "frames"} | more
    )  # type: ignore[call-overload]
    return answer.content


@pytest.fixture(scope="module")
def plain(server: Running) -> np.ndarray:
    return decoded(speak(server), "pcm")


@pytest.mark.parametrize("form", list(FORMATS))
def test_each_format_holds_the_same_sound(server: Running, plain: np.ndarray, form: str) -> None:
    sound = decoded(speak(server, form), form)
    assert 1.0 < len(plain) / 24_000 < 10
    assert len(sound) / 24_000 == pytest.approx(len(plain) / 24_000, abs=0.15)
    # A model of random weights gives noise, of which codecs for speech leave some away.
    assert 0.5 < np.sqrt((sound**2).mean()) / np.sqrt((plain**2).mean()) < 1.2
    assert np.sqrt((plain**2).mean()) > 0.01
    if form in ("pcm", "wav", "flac"):
        assert np.array_equal(sound, plain)


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_the_formats_made_here_are_files_that_libraries_read(
    server: Running, plain: np.ndarray, form: str
) -> None:
    sound, rate = soundfile.read(io.BytesIO(speak(server, form)))
    assert rate == 24_000 and np.array_equal(sound, plain)


def test_speed_changes_the_length_alone(server: Running) -> None:
    lengths = {speed: len(speak(server, speed=speed)) / 48_000 for speed in (0.25, 1, 4)}
    assert lengths[0.25] == pytest.approx(4 * lengths[1], rel=0.1, abs=1.2)
    assert lengths[4] == pytest.approx(lengths[1] / 4, rel=0.1, abs=0.5)


def test_streams_come_in_parts_and_as_events(server: Running) -> None:
    text = (
        "This is the first sentence, long enough for two parts. And this is the second one, as long as that."
    )
    asked: dict[str, Any] = {"model": "tts-1-hd", "voice": "nova", "input": text, "response_format": "pcm"}
    with client(server).audio.speech.with_streaming_response.create(
        **asked, extra_body={"mode": "frames"}
    ) as answer:
        parts = list(answer.iter_bytes())
    assert len(parts) > 3
    with client(server).audio.speech.with_streaming_response.create(
        **asked, stream_format="sse", extra_body={"mode": "frames"}
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    assert {each["type"] for each in events[:-1]} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(each["audio"]) for each in events[:-1]) == b"".join(parts)
    assert events[-1]["type"] == "speech.audio.done" and events[-1]["usage"]["output_tokens"] > 20


def test_names_are_those_of_openai_and_our_own(server: Running) -> None:
    own = client(server)
    ids = [model.id for model in own.models.list()]
    assert ids[0] == server.service.engine.model_id and {"tts-1", "tts-1-hd", "gpt-4o-mini-tts"} <= {*ids}
    assert own.models.retrieve("tts-1").owned_by == "csm"
    with pytest.raises(openai.NotFoundError, match="use one of"):
        own.models.retrieve("gpt-5")
    answer = own.get("/audio/voices", cast_to=dict[str, Any])
    assert {"heart", "george", "alloy", "onyx"} <= {voice["id"] for voice in answer["voices"]}
    assert speak(server) == speak(server, voice="heart") == speak(server, voice={"id": "HEART"})
    assert speak(server) != speak(server, voice="george")


def test_what_is_ignored_or_cannot_be_said_is_said_in_a_header(server: Running) -> None:
    answer = client(server).audio.speech.with_raw_response.create(
        model="gpt-4o-mini-tts", voice="echo", input=TEXT, instructions="Whisper.", response_format="pcm"
    )
    assert answer.headers["x-csm-ignored"] == "instructions"
    assert answer.headers["content-type"] == "audio/pcm" and answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "error", "param", "code"),
    [
        ({"input": ""}, openai.BadRequestError, "input", "input_missing"),
        ({"input": None}, openai.BadRequestError, "input", "input_missing"),
        ({"input": "x" * 5000}, openai.BadRequestError, "input", "string_too_long"),
        ({"input": "\ud800"}, openai.BadRequestError, "input", "invalid_value"),
        ({"input": "Hi \x1b[31m there."}, openai.BadRequestError, "input", "invalid_value"),
        ({"input": "Hi \u202e there."}, openai.BadRequestError, "input", "invalid_value"),
        ({"voice": "a\x9b"}, openai.BadRequestError, "voice", "invalid_value"),
        ({"input": "—…!"}, openai.UnprocessableEntityError, "input", "nothing_to_say"),
        ({"model": "whisper-1"}, openai.NotFoundError, "model", "model_not_found"),
        ({"voice": "nobody"}, openai.NotFoundError, "voice", "voice_not_found"),
        ({"voice": "../../etc"}, openai.NotFoundError, "voice", "voice_not_found"),
        ({"voice": "heart/angry"}, openai.NotFoundError, "voice", "voice_not_found"),
        ({"voice": 7}, openai.BadRequestError, "voice", "invalid_type"),
        ({"response_format": "ogg"}, openai.BadRequestError, "response_format", "invalid_value"),
        ({"speed": 5}, openai.BadRequestError, "speed", "invalid_value"),
        ({"speed": "1"}, openai.BadRequestError, "speed", "invalid_type"),
        ({"stream_format": "x"}, openai.BadRequestError, "stream_format", "invalid_value"),
        ({"mode": "fast"}, openai.BadRequestError, "mode", "invalid_value"),
        ({"seed": -1}, openai.BadRequestError, "seed", "invalid_value"),
        ({"temperature": True}, openai.BadRequestError, "temperature", "invalid_type"),
    ],
)
def test_faults_are_exceptions_of_the_client_with_our_words(
    server: Running, body: dict[str, Any], error: type[openai.APIStatusError], param: str, code: str
) -> None:
    raw = json.dumps({"model": "tts-1", "voice": "alloy", "input": TEXT} | body)
    with pytest.raises(error) as raised:
        client(server).post("/audio/speech", content=raw.encode(), cast_to=str)  # type: ignore[call-arg]
    assert (raised.value.param, raised.value.code) == (param, code)
    assert raised.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELD = st.sampled_from(
    ["model", "input", "voice", "response_format", "speed", "stream_format", "instructions", "seed",
     "temperature", "mode", "id"]
)  # fmt: skip
GOOD = st.fixed_dictionaries(
    {
        "input": st.text(max_size=12),
        "mode": st.just("frames"),
        "response_format": st.sampled_from(["pcm", "wav"]),
    },
    optional={"speed": st.floats(0.25, 4), "seed": st.integers(0, 9), "temperature": st.floats(0, 5)},
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | (JSON | st.dictionaries(FIELD, JSON) | GOOD).map(lambda v: json.dumps(v).encode())
)
def test_whatever_is_sent_the_answer_is_sound_or_an_error_in_its_shape(server: Running, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    assert answer.status in (200, 400, 404, 422)
    if answer.status != 200:
        error = json.loads(data)["error"]
        assert error["message"] and error["code"] and {"type", "param", "remedy"} <= error.keys()


def test_the_token_is_asked_for(engine: Engine, tmp_path: Any) -> None:
    with served(Service(engine, 1, project=tmp_path), token="right-one") as running:
        with pytest.raises(openai.AuthenticationError, match="Bearer"):
            client(running, "wrong-one").models.list()
        assert client(running, "right-one").models.list().data
        log = "\n".join(running.log)
    assert "right-one" not in log and "wrong-one" not in log and " 401 models" in log


def test_each_bound_has_its_error(engine: Engine, tmp_path: Any) -> None:
    bounds = Bounds(body_bytes=300, characters=50, sound_seconds=1.0, waiting=0, per_client=1)
    with served(Service(engine, 1, project=tmp_path, bounds=bounds)) as running:
        with pytest.raises(openai.UnprocessableEntityError, match="longer than 1 s"):
            speak(running)
        with pytest.raises(openai.BadRequestError, match="50 are allowed"):
            speak(running, text="x" * 51)
        with pytest.raises(openai.APIStatusError, match="longer than 300 bytes") as raised:
            speak(running, instructions="x" * 300)
        assert raised.value.status_code == 413


def test_nothing_of_a_text_is_in_the_log(server: Running) -> None:
    speak(server, text="Wombat.")
    with pytest.raises(openai.NotFoundError):
        speak(server, voice="wombat")
    with pytest.raises(openai.NotFoundError):
        client(server).get("/wombat", cast_to=str)
    end = time.monotonic() + 20
    while " 404 other" not in "\n".join(server.log) and time.monotonic() < end:  # written behind the answer
        time.sleep(0.01)
    log = "\n".join(server.log)
    assert "ombat" not in log
    assert (
        " 200 speech: 7 characters, " in log and " 404 speech voice_not_found" in log and " 404 other" in log
    )


def test_sums_for_prometheus_have_no_words_of_clients(server: Running) -> None:
    speak(server)
    text = client(server).get(f"http://127.0.0.1:{server.port}/metrics", cast_to=str)
    assert 'csm_requests_total{what="speech",status="200"}' in text
    labels = {
        part for line in text.splitlines() if "{" in line for part in line[line.index("{") :].split()[:1]
    }
    assert all(label.startswith(('{what="', '{le="')) for label in labels)
    assert "csm_slots 4" in text and "csm_encoders 0" in text
