"""Real Ray, real processes, a real (tiny) model: started once for all of these tests."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import csm_cli
from csm_cli.cluster.ray_fleet import RayFleet
from csm_cli.cluster.run import render_on_fleet
from csm_cli.engine import Engine
from csm_cli.render.progress import Progress
from csm_cli.render.project import read_jobs
from csm_cli.render.run import render_jobs
from csm_cli.takes import TakeStore
from tests.cluster.books import files, options_of, write_books
from tests.render.tiny import write_tiny_checkpoint

ray = pytest.importorskip("ray")
WANTED: dict[str, bytes] = {}
LINES = 15


@pytest.fixture(scope="module")
def cluster():
    """A cluster of this machine; its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_checkpoint(tmp_path_factory.mktemp("model")))


@pytest.fixture
def books(tmp_path, voices, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_books(tmp_path)[:1]


@pytest.fixture
def wanted(tmp_path, books, model):
    """The files as one engine makes them, made once."""
    if not WANTED:
        options = options_of(tmp_path, "alone", model=model, device="cpu", retries=0)
        render_jobs(read_jobs(books, options), Engine.load(model, "cpu"), options)
        WANTED.update(files(tmp_path / "alone"))
    return WANTED


class Killer(Progress):
    """Kills a worker's process, `kill -9`, when so many lines are done."""

    def __init__(self, fleet, moments):
        self.ray, self.moments, self.lines, self.killed = fleet, moments, 0, 0

    def line(self, line):
        self.lines += 1
        if self.lines in self.moments:
            worker = random.choice(sorted(self.ray.ready))
            os.kill(self.ray.process_of(worker), signal.SIGKILL)
            self.killed += 1


def test_workers_killed_at_random_moments_change_nothing(tmp_path, books, model, wanted, cluster):
    random.seed(5)
    fleet = RayFleet(ray, 2, "cpu")
    killer = Killer(fleet, random.sample(range(2, LINES - 4), 2))
    options = options_of(tmp_path, model=model, device="cpu", retries=0)
    notes = []
    try:
        report = render_on_fleet(read_jobs(books, options), fleet, options, killer, note=notes.append)
    finally:
        fleet.close()
    assert killer.killed == sum("is lost" in note for note in notes) == 2
    assert (report.lines, report.rendered) == (LINES, LINES)
    assert files(tmp_path / "out") == wanted


def test_a_driver_that_is_killed_goes_on_as_the_same_command(tmp_path, books, model, wanted, cluster):
    command = [sys.executable, "-m", "csm_cli", "render", *map(str, books), "-o", "out", "--batch", "2"]
    command += ["--takes", "takes", "--model", model, "--device", "cpu", "--retries", "0"]
    command += ["--ray", cluster, "--workers", "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(csm_cli.__file__).parent.parent)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 90
    while len(list(Path("takes").glob("??/*.json"))) < 5 and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.communicate()
    before = {row.id: row.made for row in TakeStore(Path("takes")).index.rows()}
    assert len(before) >= 5
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert again.returncode in (0, 5), again.stderr
    assert "2 workers, 1 core each" in again.stderr
    after = {row.id: row.made for row in TakeStore(Path("takes")).index.rows()}
    assert len(after) == LINES
    assert before.items() <= after.items(), "nothing was spoken twice"
    assert files(tmp_path / "out") == wanted


def test_ray_is_imported_only_when_asked_for():
    code = (
        "import sys, csm_cli.cli.app, csm_cli.cluster.run, csm_cli.cli.workers; print('ray' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(csm_cli.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "False\n"
