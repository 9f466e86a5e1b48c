"""Real Ray, real processes, a real (tiny) model: started once for all of these tests."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

import csm_cli
from csm_cli.cluster.driver import render_on_fleet
from csm_cli.cluster.ray_fleet import RayFleet
from csm_cli.engine import Engine
from csm_cli.rendering.progress import Progress
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.takes import TakeStore
from tests.cluster.books import files, options_of, write_books
from tests.cluster.overhead import write_book
from tests.rendering.tiny import write_tiny_checkpoint

LINES = 15


@pytest.fixture(scope="module")
def cluster(short_folder):
    """A cluster of this machine; its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init("local", num_cpus=2, _temp_dir=str(short_folder), **quiet)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_checkpoint(tmp_path_factory.mktemp("model")))


@pytest.fixture
def books(tmp_path, voices, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_books(tmp_path)[:1]


class Killer(Progress):
    """Kills a worker's process, `kill -9`, at the first line."""

    def __init__(self, fleet):
        self.ray, self.killed = fleet, 0

    def line(self, line):
        if not self.killed:
            os.kill(self.ray.process_of(random.choice(sorted(self.ray.ready))), signal.SIGKILL)
            self.killed += 1


def test_a_driver_and_a_worker_are_killed_and_nothing_changes(tmp_path, books, model, cluster):
    """The command is killed in the middle; what goes on in its place loses a worker at its first line."""
    command = [sys.executable, "-m", "csm_cli", "render", *map(str, books), "-o", "out", "--batch", "2"]
    command += ["--takes", "takes-out", "--model", model, "--device", "cpu", "--retries", "0"]
    command += ["--ray", cluster, "--workers", "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(csm_cli.__file__).parent.parent)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    options = options_of(tmp_path, "alone", model=model, device="cpu", retries=0)
    render_jobs(read_jobs(books, options), Engine.load(model, "cpu"), options)
    end = time.monotonic() + 120
    while len(list(Path("takes-out").glob("??/[!.]*.json"))) < 3 and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    _, said = process.communicate()
    assert b"2 workers, 1 core each" in said
    before = {row.id: row.made for row in TakeStore(Path("takes-out")).index.rows()}
    assert len(before) >= 3

    fleet = RayFleet(ray, 2, "cpu")
    killer, notes = Killer(fleet), []
    options = options_of(tmp_path, model=model, device="cpu", retries=0)
    try:
        report = render_on_fleet(read_jobs(books, options), fleet, options, killer, note=notes.append)
    finally:
        fleet.close()
    assert killer.killed == sum("is lost" in note for note in notes) == 1
    assert (report.lines, report.cached >= 3) == (LINES, True)
    after = {row.id: row.made for row in TakeStore(Path("takes-out")).index.rows()}
    assert len(after) == LINES
    assert before.items() <= after.items(), "nothing was spoken twice"
    assert files(tmp_path / "out") == files(tmp_path / "alone")


def test_a_machine_of_two_is_lost_and_nothing_changes(tmp_path, model, monkeypatch, short_folder):
    """Two Ray nodes of one core each; the second ends with all its processes in the middle of the work."""
    monkeypatch.chdir(tmp_path)
    books = [write_book("8x5", tmp_path)]
    head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": str(short_folder)}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    try:
        second = nodes.add_node(num_cpus=1)
        nodes.wait_for_nodes()
        command = [sys.executable, "-m", "csm_cli", "render", *map(str, books), "-o", "out", "--batch", "2"]
        command += ["--takes", "takes-out", "--model", model, "--device", "cpu", "--retries", "0"]
        command += ["--ray", nodes.address, "--workers", "2"]
        environment = os.environ | {"PYTHONPATH": str(Path(csm_cli.__file__).parent.parent)}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + 120
        while len(list(Path("takes-out").glob("??/[!.]*.json"))) < 3 and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert process.poll() is None, "it has ended before a machine could be lost"
        nodes.remove_node(second, allow_graceful=False)
        _, said = process.communicate(timeout=150)
    finally:
        nodes.shutdown()
    assert process.returncode == 5, said.decode()  # this model never ends a line by itself
    assert b"is lost" in said
    options = options_of(tmp_path, "alone", model=model, device="cpu", retries=0)
    render_jobs(read_jobs(books, options), Engine.load(model, "cpu"), options)
    assert len(TakeStore(Path("takes-out")).index.rows()) == 40
    assert files(tmp_path / "out") == files(tmp_path / "alone")


def test_ray_is_imported_only_when_asked_for():
    imports = "import sys, csm_cli.cli.app, csm_cli.cluster.driver, csm_cli.cli.loading"
    code = f"{imports}; print('ray' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(csm_cli.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "False\n"
