"""Scripts written down for a test, read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from csm_cli.core.errors import ScriptError
from csm_cli.script import read_screenplay


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a script; the result is its path."""

    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def faults(script: Callable[[str, str | bytes], Path]) -> Callable[[str, str | bytes], list[str]]:
    """The problems of a faulty script, without the path: "2:5: error: message"."""

    def read(name: str, text: str | bytes) -> list[str]:
        path = script(name, text)
        with pytest.raises(ScriptError) as caught:
            read_screenplay(path)
        assert caught.value.exit_code == 3
        assert all(problem.startswith(f"{path}:") for problem in caught.value.problems)
        return [problem.removeprefix(f"{path}:").lstrip() for problem in caught.value.problems]

    return read
