"""What lies beside the takes is not right because csm wrote it: wrong rows, types and figures are found."""

import json
import os
from dataclasses import replace

import pytest

from csm_cli.core.errors import CsmError
from csm_cli.takes import Take, TakeStore
from csm_cli.takes.keys import digest
from csm_cli.takes.lineage import ChainLineage, TakeRepository
from csm_cli.takes.lock import read_lock
from csm_cli.takes.record import Rendering, Used, current_take, merge_record, read_record
from csm_cli.takes.rows import Row, with_hash
from csm_cli.takes.store import TakeWriter
from csm_cli.takes.take import take_from_json
from tests.takes.conftest import REQUEST, keep, make_take


def file_of(store, take, suffix):
    return store.folder / take.id[:2] / f"{take.id}{suffix}"


def _resealed(take: Take, **changes) -> bytes:
    """The sidecar with some values changed and a digest that agrees."""
    value = json.loads(take.to_json())
    value.pop("digest")
    for path, new in changes.items():
        *inside, last = path.split("__")
        holder = value
        for key in inside:
            holder = holder[int(key) if key.isdecimal() else key]
        holder[last] = new
    return json.dumps(value | {"digest": digest(value)}).encode()


WRONG = [
    *({"chosen": None}, {"chosen": {"a": 1}}, {"pins": "book.yaml#abc"}, {"context": [1]}, {"parts": {}}),
    *(
        {"parts__0__frames": "10"},
        {"parts__0__frames": -1},
        {"parts__0__frames": 1e3},
        {"parts__0__text": None},
    ),
    *(
        {"asked__seed": 1.5},
        {"asked__voice": None},
        {"asked__voice__tag": "1"},
        {"asked__sampler": {"top_k": -1}},
    ),
    *({"rate": 0}, {"rate": True}, {"made": 5}, {"origin": "found"}, {"id": "../x"}, {"files": [1]}),
    *({"parts__0__scores": {"voice_similarity": "high"}}, {"parts__0__scores": {"times": [[{}]]}}),
    *({"parts__0__scores": {"asr": float("nan")}}, {"parts__0__scores": {"asr": float("inf")}}),
    *({"parts__0__seed": 10**400}, {"parts__0__reasons": [[]]}, {"schema": 2}, {"schema": "1"}),
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_a_sidecar_of_wrong_types_is_damaged_whatever_its_digest(store, changes):
    bad, good = keep(store, make_take()), keep(store, make_take(replace(REQUEST, seed=6)))
    path = file_of(store, bad, ".json")
    path.write_bytes(_resealed(bad, **changes))
    with pytest.raises(ValueError) as caught:
        take_from_json(path.read_bytes())
    assert "\n" not in str(caught.value)
    again = TakeStore(store.folder)
    assert [row.id for row in again.index.rows()] == [good.id]
    assert again.index.problems == [
        f"{path}: is damaged; the line is spoken again unless it has another take"
    ]
    assert path.exists() and again.load(good.id) == good


@pytest.mark.parametrize("part", [{"frames": 9}, {"samples": 9}, {"frames": 10**12}, {"samples": 10**12}])
def test_a_take_whose_sound_or_codes_are_of_another_length_is_not_used(store, part):
    take = keep(store, make_take())
    name, value = next(iter(part.items()))
    file_of(store, take, ".json").write_bytes(_resealed(take, **{f"parts__0__{name}": value}))
    again = TakeStore(store.folder)
    assert again.peek(take.id) is not None
    assert again.load(take.id) is None
    with pytest.raises(CsmError, match="damaged or gone"):
        (again.codes if name == "frames" else again.audio)(again.peek(take.id))


def test_no_score_that_is_not_finite_is_written(store):
    scores = {"asr": float("nan"), "voice": -float("inf"), "words": 1, "times": [[0.5, float("inf")]]}
    take = make_take()
    kept = keep(store, replace(take, parts=(replace(take.parts[0], scores=scores),)))
    (part,) = TakeStore(store.folder).load(kept.id).parts
    assert part.scores == {"words": 1, "times": [[0.5, None]]}


def _two_lines(store) -> tuple[Take, Take]:
    return keep(store, make_take()), keep(
        store, make_take(replace(REQUEST, line="xyz9876", written="No.", parts=("No.",)))
    )


@pytest.mark.parametrize("agreeing", [False, True], ids=["as it was edited", "with a hash that agrees"])
@pytest.mark.parametrize("field", ["pins", "chosen", "place"])
def test_a_row_for_another_line_never_gives_that_line_its_words(store, field, agreeing):
    mine, other = _two_lines(store)
    store.close()
    path = store.folder / "index.json"
    value = json.loads(path.read_text())
    row = value["takes"][f"{other.id}.json"][2]
    place = REQUEST.place
    row[Row.__slots__.index(field)] = {"pins": [place], "chosen": {place: "9"}, "place": place}[field]
    path.write_bytes(
        with_hash(json.dumps(value["takes"]).encode()) if agreeing else json.dumps(value).encode()
    )
    again = TakeStore(store.folder)
    with TakeWriter(again) as writer:
        assert TakeRepository(writer).find(REQUEST, (), ChainLineage()).id == mine.id
    used = current_take(again, Rendering("book.yaml", {"abc1234": Used(other.id)}), REQUEST)
    assert used.id == mine.id
    assert again.index.get(other.id).place == other.asked.place
    assert again.index.problems == [f"{path}: is damaged; it is made again from the takes"]
    assert TakeStore(store.folder).index.problems == [], "said once"


def test_a_take_that_another_thread_changes_meanwhile_is_no_damage(store):
    take = keep(store, make_take())
    store.close()
    again = TakeStore(store.folder)
    before = again.peek(take.id)
    again.update(replace(take, pins=(REQUEST.place,)))
    again.index.check(before)
    TakeStore(store.folder).update(replace(take, pins=()))
    assert again.peek(take.id).pins == ()
    assert again.index.get(take.id).pins == ()
    assert again.index.problems == []


def test_a_record_that_names_another_lines_take_is_passed_over(store):
    mine, other = _two_lines(store)
    record = Rendering("book.yaml", {"abc1234": Used(other.id)})
    assert current_take(store, record, REQUEST).id == mine.id
    assert current_take(store, Rendering("book.yaml", {"abc1234": Used(mine.id)}), REQUEST).id == mine.id


def test_a_path_among_the_options_that_is_not_utf8_comes_back(tmp_path):
    path = os.fsdecode(b"/models/\xff")
    merge_record(tmp_path, "book.yaml", {}, options={"model": path})
    assert read_record(tmp_path, "book.yaml", pytest.fail).options == {"model": path}


def test_what_is_damaged_in_a_record_is_named_and_the_rest_used(tmp_path):
    merge_record(tmp_path, "book.yaml", {"a": Used("1"), "b": Used("2", True, ("why",))}, options={"seed": 3})
    path = tmp_path / "renders" / "book.yaml.json"
    value = json.loads(path.read_text())
    value["lines"]["a"]["stale"] = "no"
    path.write_text(json.dumps(value))
    said = []
    record = read_record(tmp_path, "book.yaml", said.append)
    assert (record.lines, record.options) == ({"b": Used("2", True, ("why",))}, {"seed": 3})
    assert said == [
        f"{path}: is damaged, and used as far as it goes ('a': stale: Input should be a valid boolean)"
    ]
    merge_record(tmp_path, "book.yaml", {"c": Used("3")})
    assert set(read_record(tmp_path, "book.yaml", said.append).lines) == {"b", "c"}
    assert len(said) == 1
    (aside,) = path.parent.glob("book.yaml.damaged-*")
    assert json.loads(aside.read_text()) == value


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"schema": 1, "lines": 3, "options": {}}', "[" * 9999]
)
def test_a_record_that_is_none_is_as_none(tmp_path, text):
    path = tmp_path / "renders" / "book.yaml.json"
    path.parent.mkdir()
    path.write_text(text)
    said = []
    assert read_record(tmp_path, "book.yaml", said.append) == Rendering("book.yaml")
    assert len(said) == 1 and "\n" not in said[0]


@pytest.mark.parametrize(
    "facts",
    [
        "3",
        "[]",
        "{seed: [1]}",
        "{seed: .nan}",
        "{seed: .inf}",
        "{1: 2}",
        "{a: {b: {c: 1}}}",
        "{a: 2026-01-01}",
    ],
)
def test_a_lock_that_says_what_no_lock_says_is_one_line(tmp_path, facts):
    (tmp_path / "csm.lock").write_text(f"schema: 1\nscripts:\n  book.yaml: {facts}\n")
    with pytest.raises(
        CsmError, match=r"csm\.lock: cannot be read \(.*\); restore it, or delete it"
    ) as caught:
        read_lock(tmp_path)
    assert "\n" not in str(caught.value)


def test_takes_that_cannot_be_read_are_not_taken_for_none(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "takes"):
        with pytest.raises(CsmError, match=f"{folder.name}: cannot be read .*file is a file"):
            _ = TakeStore(folder).index
    assert TakeStore(tmp_path / "none").index.rows() == []

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("csm_cli.takes.files.os.scandir", refuse)
    with pytest.raises(CsmError, match=r"takes: cannot be read \(Permission denied\); check its permissions"):
        _ = TakeStore(tmp_path / "takes").index
