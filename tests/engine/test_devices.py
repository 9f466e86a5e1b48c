"""Which device and number type."""

from __future__ import annotations

import pytest
import torch

from csm_cli.core.errors import MissingError, UsageError
from csm_cli.engine.devices import SMALL_WORK, pick_device, pick_dtype, threads_for, use_threads


def test_auto_prefers_cuda_then_mps_then_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, wanted in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert pick_device("auto").type == wanted


def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingError, match="no CUDA device; use --device auto or cpu"):
        pick_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert pick_device("cuda").type == "cuda"
    with pytest.raises(MissingError, match="1 CUDA device;"):
        pick_device("cuda:1")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(MissingError, match="Apple"):
        pick_device("mps")
    with pytest.raises(UsageError, match="abacus"):
        pick_device("abacus")


def test_number_types() -> None:
    assert pick_dtype(None, torch.device("cpu")) == torch.float32
    assert pick_dtype(None, torch.device("cuda")) == torch.bfloat16
    assert pick_dtype("float16", torch.device("cpu")) == pick_dtype(torch.float16, torch.device("cpu"))
    with pytest.raises(UsageError, match="int8"):
        pick_dtype("int8", torch.device("cpu"))


def test_small_work_runs_on_one_thread_and_the_number_comes_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads_for(SMALL_WORK - 1, torch.device("cpu")):
            assert torch.get_num_threads() == 1
        with threads_for(SMALL_WORK, torch.device("cpu")):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert use_threads(torch.device("cpu")) >= 1
