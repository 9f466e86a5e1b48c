"""JSON that is read back: finite figures, shapes, and errors of one line."""

import json
import math
import os
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.stored import (
    as_json,
    finite,
    left_aside,
    parsed,
    read_array,
    said_once,
    shaped,
    shaped_items,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_as_it_was(value):
    if any(abs(each) > 1e300 for each in _figures(value)):
        with pytest.raises(ValueError, match="beyond all bounds"):
            parsed(as_json(value))
        return
    for text in (as_json(value), as_json(value, indent=1), as_json(value, compact=True)):
        assert parsed(text) == value
        assert parsed(text.encode()) == parsed(text.encode("utf-8-sig")) == value


def _figures(value):
    if isinstance(value, list | dict):
        return [
            each for item in (value.values() if isinstance(value, dict) else value) for each in _figures(item)
        ]
    return [value] if isinstance(value, int | float) else []


def test_a_path_that_is_not_utf8_comes_back_as_it_was():
    path = os.fsdecode(b"/voices/\xff\xe9.pt")
    text = json.dumps({"path": path, "pair": "\U0001f600", "inner": [path]})
    assert "\\udcff" in text and parsed(as_json(parsed(text)).encode()) == parsed(text)
    assert parsed(text) == {"path": path, "pair": "\U0001f600", "inner": [path]}
    for bad in ('["\\udcff", NaN]', '["\\udcff", 1e999]', "[" * 300 + '"\\udcff"' + "]" * 300, '"\\udcff'):
        with pytest.raises(ValueError):
            parsed(bad)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1,]", "{'a': 1}", "NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "-1e400", "1" * 400),
        *("1" * 5000, "[" * 300 + "]" * 300, '{"a":' * 5000, '"\\ud800"', "1 2", "nul", '"a\nb"'),
        *(b"\xff\xfe", b'"\xed\xa0\x80"', b"\x00"),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_what_is_no_json_of_finite_figures_is_refused_in_one_line(text):
    with pytest.raises(ValueError) as caught:
        parsed(text)
    assert "\n" not in str(caught.value)


def test_figures_that_are_not_finite_are_never_written():
    with pytest.raises(ValueError):
        as_json({"a": math.nan})
    value = {"a": math.nan, "b": [1, math.inf, {"c": -math.inf, "d": 2.5}], "e": (None, "x")}
    assert finite(value) == {"b": [1, None, {"d": 2.5}], "e": [None, "x"]}
    assert finite(math.inf) is None


@dataclass(frozen=True)
class Inner:
    at: int
    text: str = ""


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    speed: float
    more: dict[str, str] = field(default_factory=dict)


def test_a_shape_is_filled_and_nothing_is_converted():
    found = shaped(Outer, {"inner": [{"at": 3, "text": "a"}, {"at": 4}], "speed": 2, "surplus": 1})
    assert found == Outer((Inner(3, "a"), Inner(4)), 2.0)
    for wrong, where in (
        ({"inner": [{"at": "3"}], "speed": 1}, "inner.0.at: "),
        ({"inner": [{"at": 3.5}], "speed": 1}, "inner.0.at: "),
        ({"inner": [{"at": True}], "speed": 1}, "inner.0.at: "),
        ({"inner": {"at": 1}, "speed": 1}, "inner: "),
        ({"inner": [], "speed": "1"}, "speed: "),
        ({"inner": []}, "speed: "),
        ({"inner": [], "speed": 1, "more": {"a": None}}, "more.a: "),
        ({"inner": [], "speed": 1, "more": {"a\n b": 1}}, "more.a b: "),
        ([], ""),
    ):
        with pytest.raises(ValueError) as caught:
            shaped(Outer, wrong)
        assert str(caught.value).startswith(where) and "\n" not in str(caught.value)


def test_one_wrong_item_is_named_and_the_others_are_there():
    problems = []
    found = shaped_items(
        Inner, {"a": {"at": 1}, "b": {"at": None}, "c\n": 3, "d": {"at": 4}}, problems.append
    )
    assert found == {"a": Inner(1), "d": Inner(4)}
    assert left_aside(problems) == "'b': at: Input should be a valid integer, and 1 more"
    assert all("\n" not in problem for problem in problems)
    for none in ([], None, "a"):
        with pytest.raises(ValueError):
            shaped_items(Inner, none)
    assert left_aside([]) == ""


def _npy(array, **more) -> bytes:
    data = BytesIO()
    np.save(data, array, **more)
    return data.getvalue()


def test_an_array_is_of_its_kind_and_no_larger_than_its_file():
    for array in (np.arange(12, dtype=np.int16).reshape(3, 4), np.arange(12, dtype=np.int16).reshape(3, 4).T):
        assert np.array_equal(read_array(BytesIO(_npy(array)), "int16"), array)
    good = _npy(np.ones((3, 4), np.int16))
    for bad in (
        *(
            good[:-1],
            good[:20],
            b"",
            b"x" * 90,
            _npy(np.ones(3)),
            _npy(np.array([{}], object), allow_pickle=True),
        ),
        good.replace(b"(3, 4)", b"(9**9,)"),
        good.replace(b"(3, 4), ", b"(3, 400000000)"),
        good.replace(b"{'descr'", b"{('descr"),
    ):
        with pytest.raises(ValueError):
            read_array(BytesIO(bad), "int16")
    with pytest.raises(ValueError):
        read_array(BytesIO(good), "int16", most=23)


def test_what_is_said_again_and_again_is_said_once():
    said = []
    say = said_once(said.append)
    for text in ("a", "b", "a"):
        say(text)
    assert said == ["a", "b"]


def test_the_text_is_that_of_json():
    assert json.loads(as_json({"a": ["ü", 1.5]})) == {"a": ["ü", 1.5]}
    assert as_json({"a": [1, 2]}, compact=True) == '{"a":[1,2]}'
