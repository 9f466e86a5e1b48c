"""SIGKILL at random moments; twenty are tried by hand with `python tests/rendering/killing.py FOLDER 20`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_killed_rendering_goes_on_to_the_same_bytes(tmp_path):
    command = [sys.executable, str(HERE / "killing.py"), str(tmp_path / "work"), "3"]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("same bytes") == 3
