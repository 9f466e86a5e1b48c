"""The driver with mock engines: how full it keeps them."""

import os
import random

from tests.cluster.simulate import simulate, write_catalogue


def test_slots_are_busy_until_little_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda file: None)
    chance = random.Random(3)
    paths = write_catalogue(tmp_path, 16, 12, 4, chance)
    made = simulate(paths, tmp_path, 2, 16, chance)
    assert made.lines > 600
    assert made.busy > 0.9
    assert made.chains > 150, "nothing is given twice or forgotten"
