"""From rows to figures and tables."""

import pytest

from recipes.demo_voice.figures import GOALS, goal_table, of_blends, of_voice, summary, voice_table


def row(condition, file, errors=0, words=10, voice="heart", **more):
    figures = {"f0_semitones": 2.0, "pauses": 0, "pause_seconds": 0.0}
    return (
        {
            "condition": condition,
            "file": file,
            "voice": voice,
            "text": "No mark.",
            "errors": errors,
            "words": words,
        }
        | figures
        | more
    )


def spoken(condition, file, errors=0, **more):
    return row(condition, file, errors, **({"ended": True, "ratio": 1.0, "cosine": 0.8} | more))


def test_word_errors_are_weighed_by_words():
    figures = of_voice([spoken("short", "0", 1, words=2), spoken("short", "1", 0, words=18)])
    assert figures["short_wer"] == pytest.approx(0.05)
    assert figures["long_wer"] is None


def test_endings_and_lengths_are_those_of_all_that_is_spoken_with_the_reference():
    rows = [
        spoken("short", "0", ended=False, ratio=2.0),
        spoken("long", "1"),
        spoken("context", "2", ratio=1.25),
        spoken("context", "3", ratio=0.79),
        spoken("alone", "0", ended=False, ratio=3.0),
    ]
    figures = of_voice(rows)
    assert figures["ended"] == 0.75
    assert figures["fits"] == 0.5


def test_pitch_and_pauses_are_beside_the_teacher_of_the_same_lines():
    rows = [
        row("teacher-short", "0", f0_semitones=4.0, pauses=2, pause_seconds=1.0),
        row("teacher-short", "1", f0_semitones=2.0, pauses=3, pause_seconds=0.6),  # where no mark stands
        row("teacher-short", "unspoken", f0_semitones=9.0, pauses=9, pause_seconds=9.0),
        spoken("short", "0", f0_semitones=3.0, pauses=1, pause_seconds=0.25, text='"Oh," he said.'),
        spoken("short", "1", f0_semitones=1.5, pauses=1, pause_seconds=0.2),
    ]
    figures = of_voice(rows)
    assert figures["f0"] == pytest.approx(0.75)
    assert figures["pauses"] == pytest.approx(0.5)
    assert figures["pause_length"] == pytest.approx(0.5)


def test_a_blend_is_recognised_by_its_lines_together_and_by_each():
    rows = [
        spoken("clone", "0", voice="one", cosines=[0.8, 0.5]),
        spoken("clone", "1", voice="one", cosines=[0.6, 0.7]),
        spoken("clone", "2", voice="two", cosines=[0.9, 0.8], errors=3),
    ]
    figures = of_blends(rows, ["one", "two"])
    assert figures["clone_nearest"] == 0.5
    assert figures["clone_nearest_line"] == pytest.approx(1 / 3)
    assert figures["clone_cosine"] == pytest.approx((0.8 + 0.6 + 0.8) / 3)
    assert figures["clone_wer"] == pytest.approx(0.1)


def test_the_mean_is_over_the_voices_that_have_the_figure():
    rows = [spoken("short", "0", 1), spoken("short", "0", 3, voice="emma"), spoken("long", "1", 2)]
    mean = summary(rows, ["heart", "emma"], [])["mean"]
    assert mean["short_wer"] == pytest.approx(0.2)
    assert mean["long_wer"] == pytest.approx(0.2)


def test_the_tables_show_every_voice_and_every_goal():
    figures = summary([spoken("short", "0", 1)], ["heart", "emma"], [])
    assert [line.split()[0] for line in voice_table(figures).splitlines()] == [
        "voice",
        "heart",
        "emma",
        "mean",
    ]
    shown = goal_table(figures)
    assert all(what in shown for what, *_ in GOALS.values())


@pytest.mark.parametrize(
    ("errors", "verdict"), [(0, "aim reached"), (5, "reached"), (7, "NOT REACHED"), (None, "not measured")]
)
def test_a_goal_is_reached_on_its_good_side(errors, verdict):
    rows = [] if errors is None else [spoken("short", "0", errors, words=100)]
    first = goal_table(summary(rows, ["heart"], [])).splitlines()[1]
    assert first.startswith("word errors, short lines")
    assert first.split("  ")[-1].strip() == verdict
