"""Options declared once: what a rendering remembers is what a reroll gets back."""

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.audio.level import parse_loudness
from csm_cli.audio.mastering import Pauses
from csm_cli.cli.options import Fields, expanded
from csm_cli.core.errors import MissingError
from csm_cli.core.options import flags_of
from csm_cli.delivery.options import Delivery
from csm_cli.delivery.tags import read_cover
from csm_cli.rendering.files_made import files_remembered, files_to_remember
from csm_cli.rendering.options import Check, RenderOptions

FORGOTTEN = {"output", "chapters", "batch", "lineage", "fresh", "locked", "device", "eager"}
"""Options that change no take, or that a reroll sets for itself."""

some_options = st.builds(
    RenderOptions,
    context_turns=st.integers(0, 9),
    reference=st.sampled_from(["before", "continue"]),
    retries=st.integers(0, 9),
    verify=st.frozensets(st.sampled_from([check.value for check in Check])),
    asr=st.sampled_from(["auto", "whisper", "pocketsphinx"]),
    voice_model=st.sampled_from([None, Path("/voices/model.pt"), Path(os.fsdecode(b"/voices/\xff.pt"))]),
    seed=st.none() | st.integers(0, 2**53),
    temperature=st.none() | st.floats(0, 5),
    top_k=st.none() | st.integers(0, 100),
    model=st.sampled_from([None, "demo", "sesame/csm-1b"]),
    dtype=st.sampled_from([None, "fp32", "bf16"]),
    quantize=st.sampled_from([None, "int8", "fp8"]),
    delivery=st.builds(Delivery, titles=st.booleans(), credits=st.booleans()),
)


@given(some_options)
def test_what_is_remembered_comes_back(options):
    stored = json.loads(json.dumps(options.to_remember()))
    assert RenderOptions.recall(stored) == options


def test_what_files_were_made_comes_back(tmp_path):
    picture = tmp_path / "cover.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0")
    made = Delivery(
        formats=("m4b", "mp3"),
        loudness=parse_loudness("rms=-20,peak=-3"),
        level_per="book",
        pauses=Pauses(line=0.6),
        speed=1.1,
        room_tone_db=None,
        extras=("srt", "epub"),
        split_hours=2.5,
        cover=read_cover(picture),
        narrator="A. Voice",
        titles=True,
    )
    script, folder = tmp_path / "a" / "book.md", tmp_path / "out"
    script.parent.mkdir()
    folder.mkdir()
    noted = json.loads(json.dumps(files_to_remember(made, folder, script)))
    assert noted["files"]["folder"] == "../out"
    found = files_remembered(noted, script)
    assert found is not None and (found[0].resolve(), found[1]) == (folder, made)
    assert files_to_remember(Delivery(formats=()), folder, script) == {}
    picture.unlink()
    with pytest.raises(MissingError, match="no such picture"):
        files_remembered(noted, script)
    for damaged in ({}, {"files": 3}, {"files": {"folder": 3}}, {"files": {"folder": "x", "delivery": {}}}):
        assert files_remembered(damaged, script) is None
    noted["files"]["delivery"]["cover"] = None
    assert files_remembered(noted, script)
    folder.rmdir()
    assert files_remembered(noted, script) is None


def test_every_option_is_remembered_or_forgotten_on_purpose():
    flags = flags_of(RenderOptions)
    assert {name for name, flag in flags.items() if not flag.remembered} == FORGOTTEN
    assert {each.name for each in fields(RenderOptions)} - flags.keys() == {"delivery", "takes"}


@pytest.mark.parametrize("stored", [{}, {"seed": 3, "gone_since": True}, {"titles": True, "model": "demo"}])
def test_records_of_other_versions_are_read(stored):
    options = RenderOptions.recall(stored)
    assert options.seed == stored.get("seed")
    assert options.delivery.titles == stored.get("titles", False)


def test_a_group_of_options_becomes_parameters_and_a_dict():
    from typing import Annotated

    given = {}

    def command(
        *, first: int, group: Annotated[dict[str, Any], Fields(RenderOptions, "seed", "verify")]
    ) -> None:
        given.update(group, first=first)

    command.__annotations__ = {
        "first": int,
        "group": Annotated[dict[str, Any], Fields(RenderOptions, "seed", "verify")],
        "return": None,
    }
    spelled = expanded(command)
    assert list(spelled.__annotations__) == ["first", "seed", "verify"]
    spelled(first=1, seed=5, verify=[Check.asr])
    assert given == {"first": 1, "seed": 5, "verify": frozenset({"asr"})}


WRONG = [
    *(
        {"context_turns": "3"},
        {"context_turns": -1},
        {"context_turns": 2.5},
        {"retries": 10**9},
        {"seed": True},
    ),
    *({"seed": [5]}, {"temperature": 1e9}, {"temperature": "warm"}, {"verify": "asr"}, {"verify": ["smell"]}),
    *({"verify": {"asr": 1}}, {"dtype": "int1"}, {"reference": None}, {"model": 3}, {"voice_model": {}}),
    *({"quantize": ["int8"]}, {"top_k": None, "asr": 5}),
    *({"voice_model": "a\0b"}, {"voice_model": "a\ud800"}),  # no path has these
]


@pytest.mark.parametrize("stored", WRONG, ids=str)
def test_a_remembered_option_that_cannot_be_is_left_out_and_named(stored):
    said = []
    options = RenderOptions.recall({"retries": 5} | stored, note=said.append)
    (name, *_) = [name for name in stored if stored[name] is not None] or stored
    usual = RenderOptions(retries=RenderOptions().retries if name == "retries" else 5)
    assert options == usual
    assert len(said) == 1 and f"({name}: " in said[0] and "\n" not in said[0]


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"formats": ["cassette"]},
            {"formats": "wav"},
            {"extras": [1]},
            {"pauses": None},
            {"loudness": {"name": 1}},
        ),
        *(
            {"loudness": {"name": "custom", "rms_db": -1e250}},
            {"cover": 3},
            {"whole": "yes"},
            {"speed": None},
        ),
    ],
    ids=str,
)
def test_files_that_no_rendering_made_are_not_made_again(tmp_path, changes):
    script = tmp_path / "book.md"
    noted = json.loads(json.dumps(files_to_remember(Delivery(), tmp_path, script)))
    assert files_remembered(noted, script) == (Path(os.path.relpath(tmp_path)), Delivery())
    noted["files"]["delivery"] |= changes
    assert files_remembered(noted, script) is None
