"""Damaged files of every kind for every reader, always the same ones; the processes that try many more."""

import faulthandler
import json
import os
import random
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.core.errors import UsageError
from csm_cli.script.schema import Script
from csm_cli.web.errors import ApiError
from fuzz import campaign, inputs, services
from fuzz.inputs import Corpus, try_input
from fuzz.mutations import change_value, damaged, interesting, packed
from fuzz.reader import NotTheSameError, Reader
from fuzz.readers import READERS
from fuzz.schema import script_of, value_of

ROOT = Path(__file__).parents[2]
JSON_READERS = (
    "index",
    "take",
    "record",
    "timeline",
    "ledger",
    "marks",
    "clips",
    "report",
    "caches",
    "speech",
    "check",
)


@pytest.fixture(autouse=True)
def own_caches(monkeypatch):
    monkeypatch.setenv("CSM_HOME", "")  # which each input sets; here it is set back


@pytest.mark.parametrize("name", READERS)
def test_good_files_are_read_and_damaged_ones_are_refused_in_one_line(tmp_path, name):
    corpus, chance = Corpus(tmp_path, [name]), random.Random(f"17 {name}")
    (reader,) = corpus.readers
    seeds = corpus.seeds(reader)
    assert (
        any(try_input(reader, corpus.folder_of(reader), data) == ("", None) for data in seeds)
        or name == "pls"
    )
    for _ in range(4 if name in ("audio", "m4a", "edits") else 12):
        data = corpus.input(reader, chance)
        answer, finding = try_input(reader, corpus.folder_of(reader), data)
        assert finding is None, f"{finding.name}: {finding.text}"
        corpus.note(reader, data, answer)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(JSON_READERS), chance=st.randoms(use_true_random=False))
def test_any_change_of_a_file_of_csms_own_is_read_or_refused(tmp_path_factory, name, chance):
    corpus = Corpus(tmp_path_factory.mktemp("fuzz"), [name])
    (reader,) = corpus.readers
    value = json.loads(chance.choice(corpus.seeds(reader)))
    data = json.dumps(change_value(value, chance)).encode()
    data = reader.sealed(data) if reader.sealed else data
    _, finding = try_input(reader, corpus.folder_of(reader), data)
    assert finding is None, f"{finding.name}: {finding.text}"


def test_the_same_chance_gives_the_same_damage():
    seeds = [b'{"a": [1, 2, {"b": "c"}]}', packed([("a.xml", b"<a><b/></a>"), ("b", b"x" * 50)])]

    def some(seed):
        chance = random.Random(seed)
        return [damaged(chance.choice(seeds), seeds, chance) for _ in range(40)]

    assert some(1) == some(1) != some(2)
    assert len(set(some(1))) > 30


def test_damage_reaches_the_inside_of_archives_and_values():
    chance = random.Random(3)
    archive = packed([("a.xml", b"<a><b/></a>"), ("b", b"x" * 50)])
    inside = set()
    for _ in range(300):
        try:
            with zipfile.ZipFile(BytesIO(damaged(archive, [], chance))) as found:
                inside |= {found.read(name) for name in found.namelist()}
        except Exception:
            continue
    assert len(inside) > 20
    kinds = {type(interesting(chance)) for _ in range(300)}
    assert kinds >= {dict, list, str, int, float, bool, type(None)}


@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_scripts_made_from_the_schema_agree_with_it(chance):
    """And where csm refuses one all the same, it says so in lines with places."""
    Script.model_validate(value_of(chance))
    assert isinstance(yaml.safe_load(script_of(chance)), dict)


async def _answering(scope, receive, send):
    status, said = json.loads((await receive())["body"])
    error = {"code": "odd", "message": said, "remedy": "", "place": scope["path"]}
    await send({"type": "http.response.start", "status": status, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": json.dumps(error).encode()})


def test_answers_of_servers_are_looked_at():
    """Of an error of a client's own there is a line; one of the server's own is a finding."""
    services._ask(_answering, b'PUT /a%20b?c\nRange: bytes=0-\nno header\n\n[200, ""]')
    with pytest.raises(ApiError, match="wrong"):
        services._ask(_answering, b'GET /a\n\n[404, "wrong"]')
    for body in (b'[500, "wrong"]', b'[404, "wrong\\u001b[0m"]', b"[404, null]"):
        with pytest.raises(NotTheSameError):
            services._ask(_answering, b"GET /a\n\n" + body)
    services._ask(_answering, b"\x00 /a\n\n")  # no request: nothing is asked


class _Surprise(Exception):
    pass


def _reader(name, read):
    return Reader(name, lambda folder: [b"good"], read)


def _odd(folder, data):
    if data != b"good":
        raise _Surprise("a bug")


def _refusing(folder, data):
    if data != b"good":
        raise UsageError("is damaged")


def _slow(folder, data):
    while data != b"good" and time.process_time() < _slow.until:
        pass


def _child(folder, data):
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)


def test_what_is_no_error_for_users_is_a_finding_that_says_where(tmp_path, monkeypatch):
    answer, finding = try_input(_reader("odd", _odd), tmp_path, b"bad")
    assert (answer, finding.name, finding.reader) == ("", "bug-odd-_Surprise-test_fuzz.py-_odd", "odd")
    assert finding.data == b"bad" and "a bug" in finding.text
    assert try_input(_reader("a", _refusing), tmp_path, b"bad") == ("UsageError is damaged", None)
    monkeypatch.setattr(inputs, "FLOOR_SECONDS", 0.05)
    _slow.until = time.process_time() + 0.1
    _, finding = try_input(_reader("slow", _slow), tmp_path, b"bad")
    assert finding.name.startswith("slow-slow-")
    _, finding = try_input(_reader("slow", _child), tmp_path, b"bad")
    assert finding.name.startswith("slow-slow-")


@pytest.mark.skipif(sys.platform != "linux", reason="readers of this test's own come along by fork alone")
def test_an_input_that_hangs_or_ends_the_process_costs_that_input_alone(monkeypatch):
    faulthandler.cancel_dump_traceback_later()

    def die(folder, data):
        if data != b"good":
            os._exit(7)

    def hang(folder, data):
        while data != b"good":
            time.sleep(0.1)

    def much(folder, data):
        if data != b"good":
            bytearray(1 << 30)

    own = {"die": die, "hang": hang, "much": much, "well": _refusing}
    shares = {"hang": 0.02, "die": 0.02, "much": 0.1, "well": 1.0}
    for name, read in own.items():
        monkeypatch.setitem(READERS, name, replace(_reader(name, read), share=shares[name]))
    monkeypatch.setattr(campaign, "HANG_SECONDS", 1.0)
    monkeypatch.setattr(campaign, "REPORT_SECONDS", 0.1)
    wanted = {"crash-die-7", "hang-hang", "mem-much-MemoryError-test_fuzz.py-much"}
    kinds = set()

    def note(finding):
        assert finding.data != b"good"
        kinds.add("hang-hang" if finding.name.startswith("hang-hang") else finding.name)
        if kinds == wanted:
            raise _Surprise

    with pytest.raises(_Surprise):  # else some are missing
        campaign.run(list(own), 60, 5, 1, note, method="fork")


def test_what_ends_a_worker_beside_an_input_is_written_down(tmp_path):
    path = tmp_path / "crash"
    with path.open("w") as crash, pytest.raises(_Surprise), campaign._noted(crash):
        raise _Surprise("of the fuzzer's own")
    assert "_Surprise: of the fuzzer's own" in path.read_text()


def test_damage_goes_on_where_yaml_fails_at_a_value():
    chance = random.Random(7)
    for data in (b'a: !!int ""\n', b'a: !!float ""\n', b"a: 2024-99-99\n"):
        assert {damaged(data, [data], chance) for _ in range(50)}


def test_a_finding_is_read_again_by_its_name(tmp_path):
    good, bad = tmp_path / "bug-timeline-x", tmp_path / "nonsense"
    good.write_bytes(b"[]")
    bad.write_bytes(b"[]")
    again = [sys.executable, "-m", "fuzz"]
    done = subprocess.run([*again, good], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, f"{good}: well in" in done.stdout) == (0, True), done.stderr
    assert "UsageError" in done.stdout
    done = subprocess.run([*again, bad], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "its name says no reader" in done.stderr) == (1, True)
