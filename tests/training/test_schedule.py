"""Budgets and learning rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.training.objective import Budget, learning_rate


def test_a_budget_of_steps_ends_after_them() -> None:
    budget = Budget(steps=4)
    seen = []
    while not budget.over():
        seen.append(budget.fraction())
        budget.step += 1
    assert seen == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_a_budget_without_time_is_over_at_once(seconds: float) -> None:
    assert Budget(seconds=seconds).over()


def test_a_part_of_a_schedule_ends_though_its_fractions_do_not_add_up() -> None:
    # 1/3 + (2/3 - 1/3) is not 2/3 in floats: a run that waits for the fraction never ends.
    budget = Budget(steps=3, start_fraction=1 / 3, end_fraction=2 / 3)
    budget.step = 3
    assert budget.over()
    assert budget.fraction() == pytest.approx(2 / 3)


def test_time_ends_a_run_before_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("csm_cli.training.objective.time.monotonic", lambda: now)
    budget = Budget(steps=1000, seconds=10, began=100.0)
    now = 105.0
    assert budget.fraction() == pytest.approx(0.5)
    now = 110.0
    assert budget.over()


@given(fraction=st.floats(0, 1), step=st.integers(0, 10_000))
def test_the_rate_stays_between_nothing_and_its_peak(fraction: float, step: int) -> None:
    assert 0 <= learning_rate(fraction, step, 1e-3, 100, 0.4) <= 1e-3


def test_the_rate_rises_stays_and_falls() -> None:
    assert learning_rate(0.0, 0, 1.0, 100, 0.4) == pytest.approx(0.01)
    assert learning_rate(0.2, 100, 1.0, 100, 0.4) == 1.0
    assert learning_rate(0.7, 900, 1.0, 100, 0.4) == pytest.approx(0.5)
    assert learning_rate(1.0, 900, 1.0, 100, 0.4, floor=0.02) == 0.02
