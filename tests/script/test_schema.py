"""The published schema: up to date, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from csm_cli.core import REPOSITORY
from csm_cli.script.header import HEADER_KEYS, RESERVED
from csm_cli.script.readers.yaml import _LINE_KEYS
from csm_cli.script.schema import (
    BedCue,
    ChapterNode,
    LongLine,
    NamedLine,
    PauseCue,
    SceneCue,
    Script,
    SoundCue,
    schema_text,
)
from csm_cli.script.schema import Include as IncludeNode
from csm_cli.script.settings import BED_KEYS, CHAPTER_KEYS, SOUND_KEYS
from tests.script.test_language import YAML
from tests.script.test_round_trip import FULL
from tests.script.test_yaml_script import LIGHTHOUSE

ROOT = Path(__file__).parents[2]


def test_the_published_file_is_the_models():
    assert (ROOT / "docs" / "script.schema.json").read_text(encoding="utf-8") == schema_text()


def test_its_keys_are_those_of_the_parser():
    assert set(Script.model_fields) == {*HEADER_KEYS, "chapters", "lines"}
    assert set(ChapterNode.model_fields) == {*CHAPTER_KEYS, "title", "lines", "voices"}
    assert set(LongLine.model_fields) == set(_LINE_KEYS)
    assert set(NamedLine.model_fields) == set(_LINE_KEYS) - {"speaker", "text"}
    assert (set(BedCue.model_fields), set(SoundCue.model_fields)) == (set(BED_KEYS), set(SOUND_KEYS))
    nodes = (LongLine, SoundCue, BedCue, PauseCue, SceneCue, IncludeNode)
    assert set().union(*(node.model_fields for node in nodes)) == set(RESERVED)


@pytest.mark.parametrize(
    "text",
    [
        LIGHTHOUSE,
        YAML,
        FULL,
        *((ROOT / "scripts_examples" / name).read_text() for name in ("lighthouse.yaml", "signal.yaml")),
    ],
)
def test_scripts_that_are_read_are_valid(text):
    Script.model_validate(keys_as_text(yaml.safe_load(text)))


def keys_as_text(value):
    """As JSON has it: YAML alone takes the name No for a truth value."""
    if isinstance(value, dict):
        return {"No" if key is False else str(key): keys_as_text(item) for key, item in value.items()}
    return [keys_as_text(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "text",
    [
        "titel: X\nlines: [narrator: a]",
        "lines: []",
        "lines: [{pause: -1}]",
        "lines: [{text: a, sead: 1, speaker: b}]",
        "chapters: [{title: a}]",
        "lines: [{bed: a.wav, duck: -1}]",
        "lines: [Hello]",
    ],
)
def test_slips_that_an_editor_should_mark_are_not(text):
    with pytest.raises(ValidationError):
        Script.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("name", ["lighthouse.yaml", "signal.yaml"])
def test_editors_find_the_schema_from_an_example(name):
    path = ROOT / "scripts_examples" / name
    head, _, schema = path.read_text(encoding="utf-8").partition("\n")[0].partition("$schema=")
    assert head == "# yaml-language-server: "
    published = json.loads((path.parent / schema).read_text(encoding="utf-8"))
    assert published["$id"] == f"{REPOSITORY}/raw/main/docs/{Path(schema).name}"
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    script = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator.validate(script)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**script, "titel": "X"})
