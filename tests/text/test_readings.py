"""A table of readings that people can extend; nearly all of it has to be right."""

from __future__ import annotations

from pathlib import Path

from csm_cli.text import spoken_text

TABLE = Path(__file__).with_name("readings.tsv")
RIGHT = 0.98


def readings() -> list[tuple[str, str]]:
    rows = [row for row in TABLE.read_text(encoding="utf-8").splitlines() if not row.startswith("# ")]
    pairs = [tuple(row.split("\t")) for row in rows]
    assert all(len(pair) == 2 for pair in pairs), "a row is: written, tab, said"
    return pairs  # type: ignore[return-value]


def test_at_least_98_percent_are_read_right():
    pairs = readings()
    wrong = [
        f"{written!r} is read {spoken_text(written)!r}, not {said!r}"
        for written, said in pairs
        if spoken_text(written) != said
    ]
    assert len(pairs) >= 300
    assert len(wrong) <= (1 - RIGHT) * len(pairs), "\n".join(wrong)


def test_what_is_spoken_stays_so():
    again = [(said, spoken_text(said)) for _, said in readings()]
    changed = [pair for pair in again if pair[0] != pair[1]]
    assert len(changed) <= (1 - RIGHT) * len(again), changed
