"""Styles of speakers: the shipped ones, blends, guests."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from csm_cli.core.errors import MissingError
from csm_cli.training.segments import GUEST
from recipes.demo_voice.teachers import SHIPPED, SHIPPED_SPEED, STYLE_SHAPE, Styles

NAMES = (*(voice.style for voice in SHIPPED), "bf_lily", "jm_kumo", "zf_xiaoni")


@pytest.fixture
def styles(tmp_path: Path) -> Styles:
    """Styles that can be told apart in a sum: the first column of each is 1 in a row of its own."""
    (tmp_path / "voices").mkdir()
    for number, name in enumerate(NAMES):
        style = np.zeros(STYLE_SHAPE, "<f4")
        style[number] = 1
        style.tofile(tmp_path / "voices" / f"{name}.bin")
    return Styles(tmp_path)


def test_shipped_voices_keep_their_style_and_tag(styles: Styles) -> None:
    rng = np.random.default_rng(0)
    for voice in SHIPPED:
        speaker = styles.shipped(voice, rng)
        assert (speaker.number, speaker.tag, speaker.shift) == (voice.tag, voice.tag, 1.0)
        assert speaker.style is styles.all[voice.style]
        assert speaker.british == (voice.name in ("emma", "george", "fable"))
        assert speaker.speed == pytest.approx(SHIPPED_SPEED, rel=0.05)
        assert speaker.speed_for(60) == speaker.speed  # a line alone is at the voice's own pace
        assert speaker.speed_for(380) == pytest.approx(speaker.speed * voice.paragraph)
        between = sorted([speaker.speed, speaker.speed_for(225), speaker.speed_for(380)])
        assert between[1] == speaker.speed_for(225)


def test_a_blend_is_the_sum_that_its_parts_say(styles: Styles) -> None:
    foreign = 0
    for seed in range(200):
        blend = styles.blend(np.random.default_rng(seed))
        shares = {name: float(blend.style[NAMES.index(name), 0]) for name, _ in blend.parts}
        assert len(blend.parts) in (2, 3)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert blend.style.dtype == np.float32
        said: dict[str, float] = defaultdict(float)  # a foreign style may be one that was drawn already
        for name, share in blend.parts:
            said[name] += share
        assert shares == pytest.approx(said, abs=2e-3)
        assert blend.british == (sum(share for name, share in shares.items() if name[0] == "b") > 0.5)
        foreign += any(name[0] not in "ab" for name in shares)
    assert 10 <= foreign <= 90  # a quarter may have one


def test_guests_have_a_number_and_no_tag_and_differ(styles: Styles) -> None:
    rng = np.random.default_rng(0)
    guests = [styles.guest(number, rng) for number in range(1000, 1100)]
    assert [guest.number for guest in guests] == list(range(1000, 1100))
    assert {guest.tag for guest in guests} == {GUEST}
    assert all(guest.speed_for(380) == guest.speed for guest in guests)
    assert len({guest.style.tobytes() for guest in guests}) == 100
    shifts = np.array([guest.shift for guest in guests])
    assert 25 <= (shifts == 1).sum() <= 75
    assert np.abs(np.log(shifts)).max() <= 0.1
    paces = shifts * [guest.speed for guest in guests]  # as it sounds when it has been resampled
    assert paces.min() >= 0.78 and paces.max() <= 1.02


def test_no_styles_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"recipes\.demo_voice\.fetch"):
        Styles(tmp_path)
