"""A checkpoint of csm-1b's full size (all zeros, a sparse file) loads within 1.3 times its file in memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "tests" / "model" / "csm-1b"

LOAD = """
import sys
import torch, transformers
from csm_cli.checkpoints.find import find_checkpoint
from csm_cli.model import CsmForConditionalGeneration
import csm_cli.model.model
from tests.memory import peak_bytes
before = peak_bytes()
model = CsmForConditionalGeneration.from_checkpoint(sys.argv[1])
touched = sum(float(p.view(-1)[::2048].float().sum()) for p in model.parameters())
assert touched == 0.0
print(model.num_parameters(), peak_bytes() - before)
"""


def write_zeros(folder: Path) -> int:
    """The 538 tensors of csm-1b in bfloat16, without writing their bytes; gives the size of the file."""
    header, end = {}, 0
    for name, shape in json.loads((FACTS / "shapes.json").read_text()).items():
        start, end = end, end + 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    shutil.copyfile(FACTS / "config.json", folder / "config.json")
    return 8 + len(text) + end


@pytest.mark.skipif(sys.platform != "linux", reason="sparse files, and /proc")
def test_a_load_takes_little_more_than_the_file(tmp_path: Path) -> None:
    size = write_zeros(tmp_path)
    try:
        done = subprocess.run(
            [sys.executable, "-c", LOAD, str(tmp_path)], capture_output=True, text=True, check=False
        )
    finally:
        (tmp_path / "model.safetensors").unlink()
    assert done.returncode == 0, done.stderr
    parameters, taken = map(int, done.stdout.split())
    assert parameters > 1.6e9
    assert taken < 1.3 * size
    assert taken > 0.5 * size  # the measure measures
