"""What every test gets: a home of its own, no network, no settings of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# What fails in CI fails at every desk as well; new examples are looked for at the desks.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("desk", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CSM_RESIDENT"] = "0"  # whatever server whoever runs the tests has running
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Kernels for GPUs run in triton's interpreter, unless there is a GPU to be used. Read when triton is
# imported.
os.environ.setdefault("TRITON_INTERPRET", "1")
# The models of the tests are tiny: a second thread only waits for a core, for long on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell's background jobs ignore SIGINT, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for those of sockets, however long that of TMPDIR is."""
    usual = tempfile.gettempdir()
    folder = Path(
        tempfile.mkdtemp(prefix="csm-", dir=usual if len(usual) < 40 or os.name == "nt" else "/tmp")
    )
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data and cache folder for this test; nothing of the real user's is read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CSM_HOME", str(home / "csm"))
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    for name in ("CSM_MODEL", "CSM_DEBUG", "CSM_DEVICE", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    return home
