"""What is in the names of takes, and what is not."""

from dataclasses import replace

import pytest

from csm_cli.checkpoints.find import DEMO_CHECKPOINT, find_checkpoint
from csm_cli.checkpoints.revision import checkpoint_revision
from csm_cli.engine import Sampler
from csm_cli.takes import ModelIdentity, VoiceIdentity
from csm_cli.takes.keys import line_id
from tests.takes.conftest import REQUEST, make_take


@pytest.mark.parametrize(
    "change",
    [
        {"parts": ("Is that the lamp?",)},
        {"parts": ("Is that", "the light?")},
        {"voice": VoiceIdentity("bob", "v2", 1)},
        {"voice": VoiceIdentity("bob", "v1", 2)},
        {"model": ModelIdentity("fake", "r2", "float32")},
        {"model": ModelIdentity("fake", "r1", "bfloat16")},
        {"sampler": Sampler(0.8)},
        {"sampler": Sampler(depth_top_k=3)},
        {"seed": 6},
    ],
)
def test_what_can_change_the_sound_changes_every_name(change):
    other = replace(REQUEST, **change)
    assert other.slot != REQUEST.slot
    assert other.key(()) != REQUEST.key(())
    assert make_take(other).id != make_take().id


@pytest.mark.parametrize(
    "change",
    [
        {"script": "other.yaml"},
        {"line": "zzz9999"},
        {"speaker": "Ann"},
        {"written": "Is *that* the light?"},
        {"voice": VoiceIdentity("robert", "v1", 1)},
        {"model": ModelIdentity("a/copy", "r1", "float32")},
        {"sampler": Sampler(depth_temperature=0.9, depth_top_k=50)},
    ],
)
def test_what_cannot_change_the_sound_changes_no_name(change):
    other = replace(REQUEST, **change)
    assert other.slot == REQUEST.slot
    assert other.key(("a",)) == REQUEST.key(("a",))
    assert make_take(other).id == make_take().id


def test_the_context_and_its_order_are_in_the_name_of_the_take_but_not_of_the_slot():
    names = {make_take(context=context).id for context in [(), ("a",), ("a", "b"), ("b", "a")]}
    assert len(names) == 4
    assert len({REQUEST.key(context) for context in [(), ("a",), ("a", "b"), ("b", "a")]}) == 4


def test_line_ids_are_short_and_differ():
    ids = {line_id(speaker, f"Line {n}.", times) for speaker in "AB" for n in range(500) for times in (0, 1)}
    assert len(ids) == 2000
    assert all(len(each) == 7 and each.isalnum() and each == each.lower() for each in ids)


def test_a_checkpoint_is_identified_by_its_files_not_by_its_name(tmp_path):
    def revision(name):
        return checkpoint_revision((tmp_path / name).iterdir())

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    first = revision("a")
    assert revision("b") == first
    assert revision("a") == first, "from memory"
    (tmp_path / "b" / "model.safetensors").write_bytes(b"others!")
    assert revision("b") != first


def test_the_files_of_the_demo_voice_are_its_weights_tokenizer_and_config():
    files = {path.name for path in find_checkpoint(DEMO_CHECKPOINT).identity_files}
    assert files == {"model.safetensors", "config.json", "tokenizer.json"}
