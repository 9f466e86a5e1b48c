"""Seeds: the same for the same line, others otherwise."""

from hypothesis import given
from hypothesis import strategies as st

from csm_cli.rendering.plan import SEED_LIMIT, derive, line_seed, part_seed, take_seed


@given(st.integers(0), st.text(), st.text(), st.integers(0, 9))
def test_a_line_seed_is_stable_and_survives_json(seed, speaker, text, occurrence):
    value = line_seed(seed, speaker, text, occurrence)
    assert value == line_seed(seed, speaker, text, occurrence)
    assert 0 <= value < SEED_LIMIT
    assert float(value) == value


def test_each_input_counts():
    seeds = {
        line_seed(0, "Anna", "Yes.", 0),
        line_seed(1, "Anna", "Yes.", 0),
        line_seed(0, "Tom", "Yes.", 0),
        line_seed(0, "Anna", "No.", 0),
        line_seed(0, "Anna", "Yes.", 1),
    }
    assert len(seeds) == 5


def test_the_first_try_at_the_first_part_is_the_lines_own_seed():
    assert take_seed(7, 0) == 7
    assert part_seed(7, 0) == 7
    others = [take_seed(7, 1), take_seed(7, 2), part_seed(7, 1), part_seed(7, 2)]
    assert len({7, *others}) == 5


def test_seeds_never_change_between_versions():
    assert derive(0, "Anna", "Yes.", 0) == 4111146616759821
