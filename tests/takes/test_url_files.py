"""Takes behind a URL: an object store (in memory), and a store that writes and moves (a folder)."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.editing.garbage import collect
from csm_cli.takes import TakeStore
from csm_cli.takes.files import UrlFiles
from csm_cli.takes.place import Url, place_from
from csm_cli.takes.record import Used, merge_record, read_record, recorded_scripts
from csm_cli.takes.take import Take
from tests.takes.conftest import keep, make_take


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    if request.param == "file":
        yield Url(f"file://{tmp_path}/far/takes")
        return
    name = f"/{uuid.uuid4().hex}"
    yield Url(f"memory:/{name}/takes")
    files = fsspec.filesystem("memory")
    if files.exists(name):
        files.rm(name, recursive=True)


def files_below(url):
    files, root = fsspec.core.url_to_fs(url.text)
    return sorted(path.removeprefix(f"{root}/") for path in files.find(root))


def test_what_is_kept_comes_back_and_what_is_removed_is_gone(url):
    store = TakeStore(url)
    store.check_writable()
    take = keep(store, make_take())
    assert files_below(url) == [f"{take.id[:2]}/{take.id}{end}" for end in (".flac", ".json", ".npy")]
    again = TakeStore(url)
    assert again.load(take.id) == take
    assert [row.id for row in again.index.in_slot(take.asked.slot)] == [take.id]
    assert again.audio(take)[0].size == take.parts[0].samples
    assert again.audio_path(take) is None
    assert again.audio_where(take) == f"{url}/{take.id[:2]}/{take.id}.flac"
    again.remove(take.id)
    again.remove(take.id)
    assert files_below(url) == []
    assert TakeStore(url).index.rows() == []


@pytest.mark.parametrize("suffix", [".json", ".npy", ".flac"])
def test_a_damaged_take_is_never_used(url, suffix):
    take = keep(TakeStore(url), make_take())
    files, root = fsspec.core.url_to_fs(url.text)
    path = f"{root}/{take.id[:2]}/{take.id}{suffix}"
    files.pipe_file(path, files.cat_file(path)[:-9])
    assert TakeStore(url).load(take.id) is None


def test_an_unchanged_index_is_believed_and_a_changed_sidecar_is_not(url, monkeypatch):
    store = TakeStore(url)
    one, two = (keep(store, make_take(frames=frames, context=(str(frames),))) for frames in (3, 4))
    store.close()
    read = []
    monkeypatch.setattr(UrlFiles, "read", _noting(UrlFiles.read, read))
    again = TakeStore(url)
    assert {row.id for row in again.index.rows()} == {one.id, two.id}
    assert read == ["./index.json"]
    store.update(Take(**{**vars(one), "pins": ("book.yaml#abc1234",)}))
    assert TakeStore(url).index.get(one.id).pins == ("book.yaml#abc1234",)
    assert read[1:] == ["./index.json", f"{one.id}.json"]


def _noting(method, names):
    def noted(self, name, *more):
        names.append(name)
        return method(self, name, *more)

    return noted


def test_records_of_scripts_lie_beside_the_takes(url):
    assert recorded_scripts(url) == []
    merge_record(url, "book.yaml", {"a": Used("1"), "b": Used("2", True, ("why",))}, options={"seed": 3})
    merge_record(url, "book.yaml", {"a": Used("9")})
    record = read_record(url, "book.yaml")
    assert record.lines == {"a": Used("9"), "b": Used("2", True, ("why",))}
    assert record.options == {"seed": 3}
    assert recorded_scripts(url) == ["book.yaml"]
    assert TakeStore(url).index.rows() == []


def test_a_write_that_breaks_off_leaves_what_was_there(url, monkeypatch):
    files = UrlFiles(url)
    files.write("abcdef", b"before")
    kind = type(files._fs)
    put = kind.pipe_file

    def breaks(self, path, value, **more):
        if "memory" not in url.text:
            put(self, path, value[:3], **more)
        raise OSError("connection reset")

    monkeypatch.setattr(kind, "pipe_file", breaks)
    with pytest.raises(CsmError, match=r"ab/abcdef: cannot be written \(connection reset\)"):
        files.write("abcdef", b"behind")
    assert files.read("abcdef") == b"before"
    assert files_below(url) == ["ab/abcdef"]


def test_a_store_that_does_not_answer_is_not_taken_for_an_empty_one(url, monkeypatch):
    take = keep(TakeStore(url), make_take())
    store = TakeStore(url)
    kind = type(UrlFiles(url)._fs)

    def fails(self, *more, **others):
        raise TimeoutError("timed out")

    for method, said in (("find", "listed"), ("cat_file", "read")):
        with monkeypatch.context() as patch:
            patch.setattr(kind, method, fails)
            with pytest.raises(CsmError, match=rf"cannot be {said} \(timed out\); check the address"):
                _ = TakeStore(url).index if method == "find" else store.load(take.id)


def test_clearing_up_leaves_takes_of_the_last_day(url, tmp_path):
    store = TakeStore(url)
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="microseconds")
    gone = keep(store, make_take(frames=3, context=("1",), made=old))
    pinned = keep(store, make_take(frames=4, context=("2",), made=old, pins=("book.yaml#abc1234",)))
    young = keep(store, make_take(frames=5, context=("3",)))
    found = collect(tmp_path, url, print)
    assert (found.takes, found.kept, found.leftovers) == ((gone.id,), 2, ())
    assert {row.id for row in TakeStore(url).index.rows()} == {pinned.id, young.id}


def test_what_a_person_names():
    assert place_from("some/takes") == Path("some/takes")
    assert place_from("file:///some/takes") == Path("/some/takes")
    assert place_from("s3://bucket/takes/") == Url("s3://bucket/takes")


def test_urls_that_cannot_be_used_are_reported_in_one_line(monkeypatch):
    with pytest.raises(UsageError, match=r"nosuch://x: is no URL that takes can be kept at .*nosuch"):
        TakeStore(Url("nosuch://x"))

    def lacks(text):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", lacks)
    with pytest.raises(MissingError, match="s3:// needs another package; Install s3fs to access S3"):
        TakeStore(Url("s3://bucket/takes"))
