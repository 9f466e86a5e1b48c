"""The engine of a server for this user's own commands: the same takes, and nothing lost when it goes away."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import csm_cli
from csm_cli.core import runtime
from csm_cli.core.errors import CsmError
from csm_cli.core.runtime import has_sockets, is_own_peer, runtime_dir, socket_address
from csm_cli.engine import Engine, Sampler, Segment, Utterance
from csm_cli.engine.resident import ResidentEngine, find_resident
from csm_cli.engine.wire import MOST_BYTES, MOST_HEADER, WireError, pack, receive, send, unpack
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.say import Saying
from csm_cli.serve.engine_thread import EngineThread
from csm_cli.serve.resident import ResidentServer

pytestmark = pytest.mark.skipif(not has_sockets(), reason="no Unix sockets here")

LINES = [Utterance(number % 2, f"Line number {number}.", seed=number, max_frames=12) for number in range(5)]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own, with a path that is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="csm"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("CSM_RESIDENT", "1")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(engine: Engine, folder: Path) -> Iterator[ResidentServer]:
    thread = EngineThread(engine, 3)
    thread.start()
    server = ResidentServer(engine, thread)
    assert server.open() is not None
    yield server
    server.close()
    thread.close()


def never() -> Engine:
    raise AssertionError("the model was loaded")


def find(tiny: Path, load=never, note=lambda text: None, **more) -> ResidentEngine:
    found = find_resident(tiny, load, note, device="cpu", **more)
    assert found is not None
    return found


def spoken(scheduler) -> dict[int, tuple[bytes, bool]]:
    tickets = [scheduler.submit(line) for line in LINES]
    done = {}
    while scheduler.unfinished:
        for ticket, speech in scheduler.advance():
            done[tickets.index(ticket)] = speech.codes.tobytes(), speech.ended
    return done


def wait_until(true) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_gives_what_the_engine_gives(engine: Engine, tiny: Path, server: ResidentServer) -> None:
    found = find(tiny)
    assert (found.codec_id, found.sample_rate, found.max_positions) == (
        engine.codec_id,
        engine.sample_rate,
        engine.max_positions,
    )
    assert (found.files, found.dtype, found.device) == (engine.files, "float32", "cpu")
    assert spoken(found.scheduler(2)) == spoken(engine.scheduler(2))
    sound = np.sin(np.arange(9000) / 7).astype(np.float32)
    codes = found.encode(sound)
    assert np.array_equal(codes, engine.encode(sound))
    ours, theirs = found.decode([codes, codes[:1], codes[:0]]), engine.decode([codes, codes[:1], codes[:0]])
    assert [each.tobytes() for each in ours] == [each.tobytes() for each in theirs]
    with_lead = Utterance(
        0, "On.", (Segment(1, "Before.", codes),), 3, 9, Sampler(0.7, 9), Segment(0, "And", codes)
    )
    (ours,), (theirs,) = (each.speak([with_lead]) for each in (engine, engine))
    scheduler = found.scheduler(1)
    scheduler.submit(with_lead)
    ((_, speech),) = scheduler.advance()
    assert np.array_equal(speech.codes, ours.codes) and speech.ended == ours.ended


def test_what_is_said_is_the_same_to_the_byte(
    engine: Engine, tiny: Path, server: ResidentServer, tmp_path: Path
) -> None:
    options = RenderOptions(seed=4, retries=1, device="cpu")
    sounds = [
        Saying("Who goes there? Nobody.\n\nNobody at all.", None, tmp_path).speak(each, options)[0].raw_data
        for each in (engine, find(tiny))
    ]
    assert sounds[0] == sounds[1] and len(sounds[0]) > 10_000


def test_a_server_that_dies_costs_the_loading_and_no_line(
    engine: Engine, tiny: Path, server: ResidentServer
) -> None:
    notes, loaded = [], []

    def load() -> Engine:
        loaded.append(engine)
        return engine

    found = find(tiny, load, notes.append)
    scheduler = found.scheduler(2)
    tickets = [scheduler.submit(line) for line in LINES]
    done = dict(scheduler.advance())
    server.thread.close()  # the lines at hand are given up
    server.close()
    while scheduler.unfinished:
        done |= scheduler.advance()
    expected = engine.speak(LINES)
    assert [done[ticket].codes.tobytes() for ticket in tickets] == [each.codes.tobytes() for each in expected]
    assert len(loaded) == 1 and len(notes) == 1 and "loading the model here; nothing is lost" in notes[0]
    decoder = found.line_decoder()
    decoder.submit([("a", expected[0].codes)])
    assert decoder.pending == 1
    ((key, sound),) = decoder.finished()
    assert key == "a" and np.array_equal(sound, engine.decode([expected[0].codes])[0])
    again = found.scheduler(2)
    again.submit(LINES[0])
    assert find_resident(tiny, never, notes.append) is None and len(notes) == 1


def test_another_model_is_not_used(
    engine: Engine, tiny: Path, server: ResidentServer, tmp_path: Path
) -> None:
    quiet = lambda text: None  # noqa: E731
    assert find_resident("demo", never, quiet, device="cpu") is None
    for other in ({"dtype": "bfloat16"}, {"quantize": "int8"}, {"eager": True}):
        assert find_resident(tiny, never, quiet, device="cpu", **other) is None
    assert find_resident(tmp_path / "none", never, quiet) is None, "whoever loads it says what is wrong"
    assert find_resident(tiny, never, quiet, device="tpu") is None
    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n")
    assert find_resident(copy, never, quiet, device="cpu") is None
    own = asdict(server.wanted)
    assert server.refusal(own) == ""
    for change in ({"csm": "0.0.9"}, {"protocol": 0}, {"model": "x"}, {"revision": "y"}, {"device": 5}):
        assert server.refusal({**own, **change})
    assert server.refusal([1]) and server.refusal({"model": "x"})


def test_a_line_that_cannot_be_spoken_is_the_same_error(
    engine: Engine, tiny: Path, server: ResidentServer
) -> None:
    long = replace(LINES[0], max_frames=10**6)
    with pytest.raises(CsmError) as local:
        engine.scheduler(1).submit(long)
    scheduler = find(tiny).scheduler(1)
    scheduler.submit(long)
    with pytest.raises(CsmError) as remote:
        scheduler.advance()
    assert str(remote.value) == str(local.value)
    with pytest.raises(CsmError):
        find(tiny).decode([np.full((3, 99), 7, np.int16)])


def test_a_closed_connection_leaves_nothing_behind(tiny: Path, server: ResidentServer) -> None:
    found = find(tiny)
    scheduler = found.scheduler(2)
    for line in LINES:
        scheduler.submit(replace(line, max_frames=1500))
    wait_until(lambda: server.thread.jobs == len(LINES))
    assert server.clients == 1
    found.link.close()
    wait_until(lambda: server.thread.jobs == 0 and server.clients == 0)
    assert spoken(find(tiny).scheduler(1)), "it goes on for others"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00\x00\x02[]",
        struct.pack(">I", 1 << 31),
        b'\x00\x00\x00\x09{"op":1}x',
    ],
)
def test_nonsense_ends_its_connection_alone(tiny: Path, server: ResidentServer, data: bytes) -> None:
    assert server.path is not None
    with socket.socket(socket.AF_UNIX) as connection, socket_address(server.path) as address:
        connection.connect(address)
        connection.settimeout(20)
        with suppress(ConnectionError):  # it may hang up before it has read all
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    wait_until(lambda: server.clients == 0)
    for header in ({"op": "quit"}, {"op": "speak"}, {"op": "speak", "utterance": {}}, {"op": "encode"}, {}):
        link = find(tiny).link
        with pytest.raises(WireError):
            send(link._connection, {"id": 1, **header})
            receive(link._connection)


def test_the_socket_is_its_owners_alone(
    server: ResidentServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700 and server.path.parent == folder / "csm"
    left, right = socket.socketpair(socket.AF_UNIX)
    assert is_own_peer(left) and is_own_peer(right)
    uid = os.getuid()
    monkeypatch.setattr(runtime.os, "getuid", lambda: uid + 1)
    assert runtime_dir() is None, "a folder of another's"
    if hasattr(socket, "SO_PEERCRED") or sys.platform == "darwin":
        assert not is_own_peer(left)
    left.close(), right.close()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / "csm").chmod(0o750)
    assert runtime_dir() is None, "others may enter it"
    (folder / "csm").chmod(0o700)
    assert runtime_dir() == folder / "csm"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert runtime_dir() is None
    assert (
        runtime_dir(make=True) == folder / f"csm-{uid}"
        and stat.S_IMODE(runtime_dir().stat().st_mode) == 0o700
    )
    (folder / "link").mkdir()
    (folder / f"csm-{uid}").rmdir()
    (folder / f"csm-{uid}").symlink_to(folder / "link")
    assert runtime_dir(make=True) is None, "a link leads elsewhere"


def test_a_second_server_leaves_the_first_alone_and_a_dead_ones_socket_is_cleared(
    engine: Engine, tiny: Path, server: ResidentServer
) -> None:
    notes = []
    second = ResidentServer(engine, server.thread, notes.append)
    assert second.open() is None and "another csm serve has this model" in notes[0]
    second.close()
    assert find(tiny)
    path = server.path
    server.close()
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as dead, socket_address(path) as address:
        dead.bind(address)
    assert path.exists()
    third = ResidentServer(engine, server.thread)
    assert third.open() == path and find(tiny)
    third.close()


def test_no_socket_is_no_fault(
    engine: Engine, tiny: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = []
    assert find_resident(tiny, never, notes.append) is None
    long = folder / ("x" * 120)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    server = ResidentServer(engine, EngineThread(engine, 1), notes.append)
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "OPENED", tmp_path / "none")
        assert server.open() is None and "too long a path" in notes[0]
        server.close()
    if runtime.OPENED.is_dir():
        assert server.open() is not None and find(tiny) and len(notes) == 1
        server.close()


def test_the_command_line_speaks_without_torch(
    tiny: Path, engine: Engine, server: ResidentServer, tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "from csm_cli.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code\n"
        "print('torch' in sys.modules, code, file=sys.stderr)\n"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "say",
        "Hello.",
        "--model",
        str(tiny),
        "--device",
        "cpu",
        "--seed",
        "7",
    ]
    root = str(Path(csm_cli.__file__).parent.parent)
    found = subprocess.run(
        [*command, "-o", "a.wav"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert found.stderr.splitlines()[-1] in ("False 0", "False 5"), found.stderr
    assert f"csm serve (process {os.getpid()}) has it loaded, and speaks" in found.stderr
    from csm_cli.cli.say import say_text

    options = RenderOptions(seed=7, model=str(tiny), device="cpu")
    try:
        say_text("Hello.", None, tmp_path / "b.wav", options, resident=False)
    except Exception as end:
        assert getattr(end, "exit_code", None) == 5, "random weights"
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize("options", [[], ["--no-resident"]])
def test_csm_serve_opens_the_socket_while_it_runs(tiny: Path, folder: Path, monkeypatch, options) -> None:
    from csm_cli.cli.app import main

    found = []

    def run(app, bound, **more) -> None:
        found.append(find_resident(tiny, never, print, device="cpu"))
        found.append(list(folder.glob("csm/*.sock")))

    monkeypatch.setattr("csm_cli.web.server.run", run)
    with pytest.raises(SystemExit) as end:
        main(["serve", "--model", str(tiny), "--device", "cpu", "--port", "0", "--slots", "1", *options])
    assert end.value.code == 0
    assert (found[0] is None, len(found[1])) == ((True, 0) if options else (False, 1))
    assert not list(folder.glob("csm/*.sock")), "it leaves none behind"


@st.composite
def messages(draw):
    shapes = st.one_of(arrays_of.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=6))
    arrays = draw(
        st.lists(
            st.one_of(arrays_of.arrays(np.int16, shapes), arrays_of.arrays(np.float32, shapes)), max_size=4
        )
    )
    keys = st.text(max_size=8).filter(lambda key: key != "arrays")
    return draw(
        st.dictionaries(keys, st.one_of(st.integers(), st.text(max_size=20), st.none()), max_size=4)
    ), arrays


@settings(max_examples=40)
@given(messages())
def test_any_message_comes_as_it_went(message) -> None:
    header, arrays = message
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        send(left, header, arrays)
        left.close()
        found, others = receive(right)
        assert found == header and len(others) == len(arrays)
        for ours, theirs in zip(arrays, others, strict=True):
            assert (
                ours.dtype == theirs.dtype
                and ours.shape == theirs.shape
                and ours.tobytes() == theirs.tobytes()
            )
        with pytest.raises(WireError):
            receive(right)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    for sent in (data, struct.pack(">I", len(data)) + data):
        left, right = socket.socketpair(socket.AF_UNIX)
        with left, right:
            left.sendall(sent)
            left.close()
            with pytest.raises(WireError):
                while True:
                    receive(right)


def test_what_is_too_long_is_neither_sent_nor_taken() -> None:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        with pytest.raises(WireError, match="too long"):
            send(left, {"text": "x" * MOST_HEADER})
        with pytest.raises(WireError, match="too long"):
            send(left, {}, [np.zeros(MOST_BYTES // 4 + 1, np.float32)])
        for shapes in (
            [["float32", 1 << 40]],
            [["int16", -1]],
            [["object", 1]],
            [["int16"]],
            [["int16", 1, 1, 1]],
        ):
            threading.Thread(target=_send_raw, args=(left, shapes)).start()
            with pytest.raises(WireError):
                receive(right)


def _send_raw(connection: socket.socket, shapes: list) -> None:
    import json

    data = json.dumps({"arrays": shapes}).encode()
    connection.sendall(struct.pack(">I", len(data)) + data)


@given(
    st.text(max_size=30), st.integers(0, 9), st.integers(-(2**70), 2**70), st.integers(0, 3), st.booleans()
)
def test_any_utterance_comes_as_it_went(text, speaker, seed, turns, leads) -> None:
    codes = [np.full((each, 4), each, np.int16) for each in range(turns + 1)]
    context = tuple(Segment(speaker, text, each) for each in codes[:turns])
    lead = Segment(1, text, codes[turns]) if leads else None
    one = Utterance(speaker, text, context, seed, 7, Sampler(0.5, 3, None, 2), lead)
    other = unpack(*pack(one))
    assert (other.text, other.speaker, other.seed, other.sampler) == (text, speaker, seed, one.sampler)
    assert [each.codes.tolist() for each in other.context] == [each.codes.tolist() for each in context]
    assert (other.lead is None) == (lead is None)
    for bad in (
        {},
        [],
        {**pack(one)[0], "sampler": {"heat": 1}},
        {**pack(one)[0], "segments": [[0, "a"]] * 9},
    ):
        with pytest.raises(WireError):
            unpack(bad, pack(one)[1])
