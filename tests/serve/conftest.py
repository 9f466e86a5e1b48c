"""A small real engine, made once, and servers that speak with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from csm_cli.engine import Engine
from csm_cli.rendering.options import RenderOptions
from csm_cli.serve.app import Access, Service, create_app
from csm_cli.web.security import allowed_hosts
from csm_cli.web.server import Server, bind
from tests.rendering.tiny import write_tiny_checkpoint


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights: four codebooks, one layer, the embedded voice's tokenizer."""
    from safetensors.torch import load_file, save_file

    folder = write_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    tensors = load_file(folder / "model.safetensors")
    torch.manual_seed(1)
    for name, tensor in tensors.items():
        if name.endswith("embed_sum"):  # zeros: all codes would sound alike
            tensors[name] = torch.randn(tensor.shape)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="session")
def engine(tiny: Path) -> Engine:
    return Engine.load(tiny, "cpu", in_haste=True)


@pytest.fixture(scope="session")
def demo() -> Engine:
    return Engine.load("demo", "cpu", in_haste=True)


@dataclass
class Running:
    """A server that runs in a thread."""

    service: Service
    port: int
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def served(service: Service, token: str | None = None, **options: Any) -> Iterator[Running]:
    """A server for a service, which is started here and closed in the end."""
    service.start()
    bound = bind("127.0.0.1", 0)
    running = Running(service, bound.getsockname()[1])
    access = Access(allowed_hosts("127.0.0.1", running.port), token)
    app = create_app(service, access, metrics=True, note=running.log.append)
    server, ready = Server(app, bound, shape="openai", **options), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(10)
        yield running
    finally:
        server.stop()
        server.stop()
        thread.join(20)
        service.close()
        assert not thread.is_alive() and not service.thread.alive


@pytest.fixture(scope="session")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests that need nothing special."""
    options = RenderOptions(retries=1)
    with served(Service(engine, 4, options, project=tmp_path_factory.mktemp("project"))) as running:
        yield running


@pytest.fixture
def waits() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds, ten seconds at most."""

    def wait(holds: Callable[[], bool]) -> None:
        never = threading.Event()
        for _ in range(1000):
            if holds():
                return
            never.wait(0.01)
        raise AssertionError("it did not come to that")

    return wait
