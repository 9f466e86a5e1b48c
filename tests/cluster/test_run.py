"""The driver with workers in threads: the same files as one engine, whatever happens to the workers."""

import json
import random
from dataclasses import replace

import fsspec
import pytest

from csm_cli.core.errors import CsmError, MissingError
from csm_cli.delivery.options import Delivery
from csm_cli.editing import ScriptTakes
from csm_cli.editing.garbage import collect
from csm_cli.rendering.progress import Interrupted, Progress
from csm_cli.takes import TakeStore
from csm_cli.takes.place import Url
from csm_cli.takes.record import read_record, recorded_scripts
from tests.cluster.books import LINES, alone, files, together, write_books
from tests.cluster.thread_fleet import MortalEngine, ThreadFleet
from tests.rendering.fake_engine import FakeEngine, capped

DEADLY = "Line two, chapter one, book nought."


class Watcher(Progress):
    """Counts lines, and does something at every one."""

    def __init__(self, at=lambda number: None):
        self.lines, self.at = [], at

    def line(self, line):
        self.lines.append(line)
        self.at(len(self.lines))


@pytest.fixture
def books(tmp_path, voices, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_books(tmp_path)


@pytest.fixture
def saved(monkeypatch):
    """Ids of takes in the order in which they are written."""
    ids = []
    save = TakeStore.save

    def noted(self, take, codes, audio):
        ids.append(take.id)
        return save(self, take, codes, audio)

    monkeypatch.setattr(TakeStore, "save", noted)
    return ids


WANTED = {}


def same_as_alone(folder, books):
    if not WANTED:
        alone(folder, books)
        WANTED.update(files(folder / "alone"))
    assert files(folder / "out") == WANTED


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_makes_the_same_files(tmp_path, books, saved, workers):
    watcher = Watcher()
    report = together(tmp_path, books, ThreadFleet(workers), watcher)
    assert len(saved) == len(set(saved)) == len(watcher.lines) == report.rendered == LINES
    same_as_alone(tmp_path, books)
    told = json.loads((tmp_path / "out" / "book1" / "report.json").read_text())
    assert [chapter["number"] for chapter in told["chapters"]] == [1, 2, 3]
    assert len(read_record(tmp_path / "takes-out", "book0.yaml").lines) == LINES // 2


def test_another_speed_is_mastered_from_the_takes_that_are_there(tmp_path, books, saved):
    together(tmp_path, books, ThreadFleet(2))
    assert len(saved) == LINES
    slow = Delivery(speed=0.8)
    report = together(tmp_path, books, ThreadFleet(2), delivery=slow)
    assert (len(saved), report.rendered, report.cached) == (LINES, 0, LINES)
    alone(tmp_path, books, delivery=slow)
    assert files(tmp_path / "out") == files(tmp_path / "alone")
    chapter = json.loads((tmp_path / "out" / "book0" / "timeline.json").read_text())["chapters"][0]
    assert {line["speed"] for line in chapter["lines"]} == {0.8}


def told(folder):
    """What the reports of both books say, save when and how fast it was made."""
    found = []
    for book in ("book0", "book1"):
        report = json.loads((folder / book / "report.json").read_text())
        for line in (line for chapter in report["chapters"] for line in chapter["lines"]):
            for take in (line["take"], *line["others"]):
                del take["made"]
        del report["totals"]["seconds"], report["totals"]["times_real_time"]
        found.append(report)
    return found


def test_reports_are_those_of_one_engine(tmp_path, books):
    for seed in (None, 7):
        together(tmp_path, books, ThreadFleet(2), seed=seed)
        alone(tmp_path, books, seed=seed)
    wanted = told(tmp_path / "alone")
    assert told(tmp_path / "out") == wanted
    assert {len(line["others"]) for line in wanted[0]["chapters"][0]["lines"]} == {1}
    assert (tmp_path / "out" / "book0" / "report.html").stat().st_size > 10_000


def test_files_of_a_whole_book_and_the_reviews(tmp_path, books):
    delivery = Delivery(formats=("flac",), level_per="book", extras=("srt",))

    def fail(asked):
        return capped(asked) if asked.text == DEADLY else None

    fleet = ThreadFleet(2, lambda: MortalEngine(fail=fail))
    made = together(tmp_path, books, fleet, delivery=delivery, retries=0)
    wanted = alone(tmp_path, books, FakeEngine(fail), delivery=delivery, retries=0)
    assert files(tmp_path / "out") == files(tmp_path / "alone")
    assert [each.text for each in made.reviews] == [each.text for each in wanted.reviews] != []


@pytest.mark.parametrize(("chance", "fresh"), [(0, False), (1, True), (2, False)])
def test_workers_killed_at_random_lose_nothing_and_repeat_nothing(tmp_path, books, saved, chance, fresh):
    random.seed(chance)
    fleet = ThreadFleet(2)
    moments = {2 * each for each in random.sample(range(1, LINES // 2 - 1), 10)}

    def at(number):
        if number in moments and fleet.workers:
            fleet.kill(random.choice(sorted(fleet.workers)))

    notes = []
    report = together(tmp_path, books, fleet, Watcher(at), notes=notes, fresh=fresh)
    assert len(saved) == len(set(saved)) == report.rendered == LINES
    assert (report.cached, report.reviews) == (0, [])
    assert sum("is lost (killed)" in note for note in notes) >= 5
    same_as_alone(tmp_path, books)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_line_that_kills_workers_is_set_aside_after_three(tmp_path, books, batch):
    deaths = []

    def before(utterances):
        if any(each.text == DEADLY for each in utterances):
            deaths.append(len(utterances))
            raise RuntimeError("segmentation fault")

    notes = []
    fleet = ThreadFleet(2, lambda: MortalEngine(before))
    report = together(tmp_path, books, fleet, notes=notes, batch=batch)
    assert len(deaths) == 4
    assert deaths[1:] == [1, 1, 1], "alone, once it is under suspicion"
    (review,) = report.reviews
    assert (review.text, review.reasons) == (
        DEADLY,
        ("set aside: 3 workers died while they spoke it and nothing else",),
    )
    assert sum("is set aside: 3 workers died of it" in note for note in notes) == 1
    assert (report.lines, report.rendered) == (LINES, LINES - 1)
    again = together(tmp_path, books, ThreadFleet(2))
    assert (again.rendered, again.reviews) == (1, [])


@pytest.mark.parametrize(("before", "after"), [(1, 3), (2, 0)])
def test_interrupted_and_continued_with_another_number_of_workers(tmp_path, books, saved, before, after):
    def interrupt(number):
        if number == 15:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        together(tmp_path, books, ThreadFleet(before), Watcher(interrupt))
    assert stopped.value.unfinished
    done = stopped.value.report.lines
    report = together(tmp_path, books, ThreadFleet(after)) if after else alone(tmp_path, books, name="out")
    assert len(saved) == len(set(saved)) == LINES
    assert report.cached >= 15 >= done
    same_as_alone(tmp_path, books)


def test_a_master_that_is_lost_begins_again(tmp_path, books):
    fleet = ThreadFleet(2)

    def at(number):
        if number in (12, 24):
            fleet.kill_master(number // 12 - 1)

    together(tmp_path, books, fleet, Watcher(at))
    same_as_alone(tmp_path, books)


def test_memory_that_runs_out_halves_the_batch(tmp_path, books, saved):
    sizes = []

    def before(utterances):
        sizes.append(len(utterances))
        if len(utterances) > 2:
            raise RuntimeError("CUDA out of memory")

    report = together(tmp_path, books, ThreadFleet(1, lambda: MortalEngine(before)), batch=8)
    assert sizes[:3] == [6, 4, 2]
    assert max(sizes[3:]) <= 2
    assert len(saved) == report.rendered == LINES
    same_as_alone(tmp_path, books)


@pytest.mark.parametrize("name", ["torch", "the lexicon"])
def test_another_version_is_refused_by_name(tmp_path, books, saved, name):
    def change(number, facts):
        return replace(facts, versions={**facts.versions, name: "0.0"})

    said = rf"worker \d on \S+: {name} differs: 0\.0 here, \S+ on the driver"
    with pytest.raises(MissingError, match=said):
        together(tmp_path, books, ThreadFleet(2, facts=change))
    assert saved == []


def test_another_model_is_refused_by_name_before_it_speaks(tmp_path, books):
    def change(number, facts):
        identity = replace(facts.model.identity, revision=f"r{number}")
        return replace(facts, model=replace(facts.model, identity=identity))

    fleet = ThreadFleet(2, facts=change)
    with pytest.raises(MissingError, match=r"the model's revision differs: r. here, r. on the worker on"):
        together(tmp_path, books, fleet)
    assert min(len(engine.batches) for engine in fleet.engines.values()) == 0


def test_workers_that_never_start_end_the_rendering(tmp_path, books):
    def change(number, facts):
        raise RuntimeError("no memory for the weights")

    with pytest.raises(CsmError, match=r"no worker stays alive .*no memory for the weights"):
        together(tmp_path, books, ThreadFleet(2, facts=change))


def test_a_fault_of_the_disk_is_told(tmp_path, books, monkeypatch):
    def full(self, take, codes, audio):
        raise CsmError("cannot be written (No space left on device)", where="takes")

    monkeypatch.setattr(TakeStore, "save", full)
    with pytest.raises(CsmError, match="No space left"):
        together(tmp_path, books, ThreadFleet(2))


def test_takes_behind_a_url_make_the_same_files(tmp_path, books, saved):
    url = Url(f"memory://{tmp_path.name}")
    report = together(tmp_path, books, ThreadFleet(2), takes=url)
    assert report.rendered == len(saved) == LINES
    same_as_alone(tmp_path, books)
    del saved[:]
    assert together(tmp_path, books, ThreadFleet(3), takes=url).cached == LINES
    assert alone(tmp_path, books, name="out", takes=url).cached == LINES
    assert saved == []
    assert len(read_record(url, "book0.yaml").lines) == LINES // 2
    bench = ScriptTakes(books[0], url)
    assert all(line.take is not None for line in bench.lines)
    assert recorded_scripts(url) == ["book0.yaml", "book1.yaml"]
    found = collect(tmp_path, url, print)
    assert (found.takes, found.kept) == ((), LINES)
    files_there = fsspec.filesystem("memory").find(f"/{tmp_path.name}")
    assert not any("/.seen" in path or "/.probe" in path for path in files_there)
