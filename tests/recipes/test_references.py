"""The shipped voices' cards say what the recipe says."""

from pathlib import Path

import pytest
import yaml

from csm_cli.voices.names import shipped_dir
from recipes.demo_voice.references import CLIPS
from recipes.demo_voice.teachers import SHIPPED


def test_every_voice_has_a_tag_of_its_own_and_a_text():
    assert [voice.tag for voice in SHIPPED] == list(range(len(SHIPPED)))
    assert list(CLIPS) == [voice.name for voice in SHIPPED]


@pytest.mark.parametrize("voice", SHIPPED, ids=lambda voice: voice.name)
def test_the_card_is_that_of_the_recipe(voice):
    card = yaml.safe_load(((shipped_dir() or Path()) / voice.name / "voice.yaml").read_text("utf-8"))
    assert (card["speaker"], card["text"]) == (voice.tag, CLIPS[voice.name])
    assert card["note"] == f"{voice.note} Synthetic."
    assert card["language"] == ("en-GB" if voice.british else "en")
    assert voice.style in card["licence"]
