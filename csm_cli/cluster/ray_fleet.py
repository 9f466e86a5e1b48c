"""The fleet on Ray: an actor for each worker and each master. The only module that imports Ray."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from csm_cli.cluster.fleet import Fault, Lost, Mastered, MasterLost, News, Ready, Signal
from csm_cli.cluster.mastering import BookMaster
from csm_cli.cluster.messages import Order, Setup
from csm_cli.cluster.worker import Worker
from csm_cli.core import available_cores
from csm_cli.core.errors import CsmError, MissingError, UsageError, first_line

CORES_PER_WORKER = 4
"""Where there is no GPU and nobody says how many workers there should be."""
_LONGEST_TEMPORARY = 40
"""Bytes of the path of the folder for temporary files: Ray adds 66, and that of a socket has 107 at most."""
MASTER_CALLS = 8
"""Calls that a master works on at the same time."""
PASSED_ON = ("CSM_", "HF_")
"""Beginnings of the names of settings in the environment that workers get too."""


@contextmanager
def ray_fleet(workers: int | None, address: str | None, device: str) -> Iterator[RayFleet]:
    """A fleet; leaving it stops all that was started for it.

    Args:
        workers: None or 0: one for each GPU, or for every four cores.
        address: of a Ray cluster, or "auto"; None: a cluster of this machine alone, for this rendering.
        device: auto, cpu or cuda.

    Raises:
        MissingError: Ray is not installed, or there is no cluster at the address, or no GPU.
        UsageError: the device is one that workers cannot share out.
    """
    ray = _import_ray()
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError("workers run on GPUs or on the CPU", where=f"--device {device}", remedy="use auto")
    _connect(ray, address)
    try:
        fleet = RayFleet(ray, workers, device)
        try:
            yield fleet
        finally:
            fleet.close()
    finally:
        ray.shutdown()


class RayFleet:
    """Workers and masters as Ray actors. `ray_fleet` makes one.

    Attributes:
        size: workers.
        masters: masters.
        where: what each worker has, in words.
        ready: names of the workers that have loaded their model.
    """

    def __init__(self, ray: Any, workers: int | None, device: str):
        self._ray = ray
        there = ray.cluster_resources()
        gpus, cores = int(there.get("GPU", 0)), int(there.get("CPU", 1))
        if device == "cuda" and not gpus:
            raise MissingError("no machine here has a GPU", where="--device cuda", remedy="use auto or cpu")
        on_gpu = bool(gpus) and device != "cpu"
        self.size = workers or (gpus if on_gpu else max(1, cores // CORES_PER_WORKER))
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        if on_gpu:
            share: float = 1 if self.size <= gpus else int(1000 * gpus / self.size) / 1000
            needs: dict[str, Any] = {"num_gpus": share, "num_cpus": min(1.0, cores / self.size)}
            self.where = "a GPU each" if share == 1 else f"{share:.2g} of a GPU each"
        else:
            each = max(1, cores // self.size)
            needs = {"num_cpus": each if each * self.size <= cores else cores / self.size}
            passed["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", str(each))
            self.where = f"{each} {'core' if each == 1 else 'cores'} each"
        self.masters = self.size
        both = {"max_restarts": 0, "runtime_env": {"env_vars": passed}}
        self._worker_class = ray.remote(max_concurrency=2, **needs, **both)(Worker)
        # Masters reserve no core: where workers have all of them, they would wait for ever.
        spread: dict[str, Any] = {"num_cpus": 0, "scheduling_strategy": "SPREAD"}
        self._master_class = ray.remote(max_concurrency=MASTER_CALLS, **spread, **both)(BookMaster)
        self._actors: dict[str, Any] = {}
        self._master_actors: dict[int, Any] = {}
        self._calls: dict[Any, tuple[str, Any]] = {}
        self._started = 0
        self.ready: set[str] = set()

    def start(self, setup: Setup) -> None:
        self._setup = setup
        for _ in range(self.size):
            self._start_worker()

    def send(self, worker: str, orders: Sequence[Order]) -> None:
        self._calls[self._actors[worker].exchange.remote(orders)] = ("news", worker)

    def replace(self, worker: str) -> None:
        self.ready.discard(worker)
        self._end(self._actors.pop(worker, None))
        self._start_worker()

    def call(self, master: int, ticket: int, method: str, *arguments: Any) -> None:
        if master not in self._master_actors:
            self._master_actors[master] = self._master_class.remote(self._setup.folder)
        call = getattr(self._master_actors[master], method).remote(*arguments)
        self._calls[call] = ("mastered", (master, ticket))

    def wait(self, seconds: float) -> list[Signal]:
        calls = list(self._calls)
        if not calls:
            return []
        ready, _ = self._ray.wait(calls, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        return [signal for call in ready for signal in self._answer(call)]

    def close(self) -> None:
        for actor in [*self._actors.values(), *self._master_actors.values()]:
            self._end(actor)
        self._actors, self._master_actors, self._calls = {}, {}, {}

    def process_of(self, worker: str) -> int:
        """The number of a worker's process, on its machine."""
        return self._ray.get(self._actors[worker].process.remote())

    def _start_worker(self) -> None:
        self._started += 1
        name = f"worker {self._started}"
        actor = self._actors[name] = self._worker_class.remote()
        self._calls[actor.begin.remote(self._setup)] = ("ready", name)

    def _answer(self, call: Any) -> Iterator[Signal]:
        kind, of = self._calls.pop(call, ("", None))
        if not kind:
            return
        errors = self._ray.exceptions
        try:
            value = self._ray.get(call)
        except errors.RayTaskError as error:
            cause = error.cause
            worker = of if kind != "mastered" else ""
            if isinstance(cause, CsmError):
                yield Fault(cause, worker)
            elif kind == "mastered":
                yield Fault(CsmError(f"mastering failed: {type(cause).__name__}: {cause}"))
            else:
                yield Lost(worker, f"{type(cause).__name__}: {cause}")
        except errors.RayError as error:
            if kind == "mastered":
                yield from self._master_lost(of[0])
            else:
                why = first_line(error)
                yield Lost(of, why, blame="node" not in why.lower())
        else:
            if kind == "ready":
                self.ready.add(of)
                yield Ready(of, value)
            elif kind == "news":
                yield News(of, value)
            else:
                yield Mastered(of[1], value)

    def _master_lost(self, master: int) -> Iterator[Signal]:
        self._end(self._master_actors.pop(master, None))
        for call, (kind, of) in list(self._calls.items()):
            if kind == "mastered" and of[0] == master:
                del self._calls[call]
        yield MasterLost(master)

    def _end(self, actor: Any) -> None:
        if actor is not None:
            with suppress(Exception):  # it may be gone already
                self._ray.kill(actor)


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingError(
            "Ray is not installed", where="--workers, --ray", remedy='pip install "csm-cli[ray]"'
        ) from error
    return ray


def _place() -> dict[str, str]:
    """Where Ray keeps its files, if the path of the folder for temporary ones is too long for its sockets."""
    long = os.name == "posix" and len(os.fsencode(tempfile.gettempdir())) > _LONGEST_TEMPORARY
    return {"_temp_dir": f"/tmp/ray-{os.getuid()}"} if long else {}


def _connect(ray: Any, address: str | None) -> None:
    """Join a cluster, or begin one of this machine that ends with this process."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            ray.init("local", num_cpus=available_cores(), include_dashboard=False, **_place(), **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise MissingError(
            f"no Ray cluster can be reached ({first_line(error)})",
            where=f"--ray {address}" if address else "--workers",
            remedy="start one: `ray start --head`, and `ray start --address=HOST:6379` on the other machines",
        ) from error
