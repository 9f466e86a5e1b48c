"""Running csm in tests: in this process with an engine that needs no model, or as a process of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import csm_cli.engine
import csm_cli.engine.lazy  # it binds `find_checkpoint`, which is replaced below
from csm_cli.cli.app import main
from tests.rendering.conftest import script, voices
from tests.rendering.fake_engine import FakeEngine

__all__ = ["script", "voices"]


class Result(NamedTuple):
    code: int
    out: str
    err: str


def piped(data: bytes) -> io.TextIOWrapper:
    """Standard input that holds these bytes."""
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine that every command in this process loads."""
    fake = FakeEngine()

    class Loader:
        @staticmethod
        def load(model: str, device: str = "auto", dtype: Any = None, **more: Any) -> FakeEngine:
            fake.loaded = (model, device)  # type: ignore[attr-defined]
            return fake

    monkeypatch.setattr(csm_cli.engine, "Engine", Loader, raising=False)
    monkeypatch.setattr("csm_cli.checkpoints.find.find_checkpoint", lambda model: None)
    monkeypatch.setattr("csm_cli.rendering.models.ModelChoice.lazy", lambda *asked: fake)
    return fake


@pytest.fixture
def csm(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run csm in this process, in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(stop.value.code, int)
        return Result(stop.value.code, out, err)

    return run


def process(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    """Run csm as a process."""
    command = [sys.executable, "-m", "csm_cli", *map(str, arguments)]
    options = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": 120} | options
    root = str(Path(csm_cli.__file__).parent.parent)
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, **options)
