"""What csm has written for itself, read back: JSON of finite numbers, in the shape that it was written in.

A file is not right because csm once wrote it: disks fail, editors and other versions write too.
"""

from __future__ import annotations

import ast
import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar, cast

if TYPE_CHECKING:
    import numpy as np
    from pydantic import TypeAdapter

T = TypeVar("T")
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}
LARGEST = 1e300
"""Of a number: what it is multiplied with stays a float."""
MOST_NESTED = 200
MOST_HEADER = 4096
"""Bytes of the header of an array; one of few dimensions has 118."""
_SURROGATE = re.compile(rb"\\u[dD][cC][89a-fA-F][0-9a-fA-F]")
_LARGE = re.compile(rb"[eE]\+?0*[1-9]\d\d|\d{40}")


def parsed(data: bytes | str) -> Any:
    r"""The value of a JSON text in UTF-8. A byte of a path that is not UTF-8 (PEP 383) is `\udcff` in it.

    Raises:
        ValueError: it is none, has NaN, Infinity or a number beyond all bounds, or is nested over 200 deep.
    """
    from pydantic_core import from_json

    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    data = data.removeprefix(b"\xef\xbb\xbf")  # which some editors put there
    strange = _SURROGATE.search(data) is not None
    value = _loads(data) if strange else from_json(data, allow_inf_nan=False)
    if strange or _LARGE.search(data):
        _check(value)
    return value


def _loads(data: bytes) -> Any:
    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no figure")

    try:
        return json.loads(data, parse_constant=refuse)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def as_json(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    r"""The text of a value, without a line's end. Bytes of a path that are not UTF-8 are `\udcff` in it.

    Raises:
        ValueError: a number in it is not finite.
    """
    separators = (",", ":") if compact else None
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    if text.isascii():
        return text
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def finite(value: Any) -> Any:
    """The value without figures that JSON has not: left out of objects, null in lists."""
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items() if not _endless(each)}
    if isinstance(value, list | tuple):
        return [None if _endless(each) else finite(each) for each in value]
    return None if _endless(value) else value


def _endless(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def shaped(kind: type[T], value: Any) -> T:
    """A value of `parsed` as a `kind`: a dataclass, or any type that says of what its parts are.

    Nothing is converted: "3" is no number, and 3 no text. What a dataclass does not have is left out.

    Raises:
        ValueError: it is of another shape; in one line that says where.
    """
    from pydantic import ValidationError

    try:
        return cast(T, _adapter(kind).validate_json(json.dumps(value), strict=True))
    except ValidationError as error:
        raise ValueError(_first(error)) from error


def shaped_items(
    kind: type[T], items: object, left_out: Callable[[str], None] = lambda problem: None
) -> dict[str, T]:
    """The items of an object that are of a kind; the others are left out, and named with what is wrong.

    Raises:
        ValueError: it is no object.
    """
    if not isinstance(items, Mapping):
        raise ValueError("is no object")
    found = {}
    for name, value in items.items():
        try:
            found[name] = shaped(kind, value)
        except ValueError as error:
            left_out(f"{name[:60]!r}: {error}")
    return found


def left_aside(problems: Iterable[str]) -> str:
    """What was left out, for a note: the first, and how many more; "" if nothing was."""
    first, *more = problems or [""]
    return first + (f", and {len(more)} more" if more else "")


def said_once(note: Callable[[str], None]) -> Callable[[str], None]:
    """`note` for who reads the same files again and again: each line is said once."""
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said:
            said.add(text)
            note(text)

    return say


def read_array(file: IO[bytes], kind: str, most: int = 1 << 30) -> np.ndarray:
    """A numpy array of a kind such as "int16" from a `.npy` file; what stands behind it is not read.

    Args:
        most: its bytes at most.

    Raises:
        ValueError: it is something else, damaged, or larger than the file.
        OSError: it cannot be read.
    """
    import numpy as np

    try:
        head = file.read(10)  # magic, version, length of the header
        length = int.from_bytes(head[8:], "little")
        if head[:8] != b"\x93NUMPY\x01\x00" or length > MOST_HEADER:
            raise ValueError("is no array that csm wrote")
        # A dictionary as Python writes it; numpy's own reader mends what is none, and warns of that.
        header = ast.literal_eval(file.read(length).decode("latin-1"))
        shape, dtype = tuple(map(operator.index, header["shape"])), np.dtype(kind).newbyteorder("<")
        size = dtype.itemsize * math.prod(shape)
        known = header["descr"] == dtype.str and min(shape, default=0) >= 0 and size <= most
        data = file.read(size) if known else b""
        if not known or len(data) != size:
            raise ValueError(f"is no array of {kind} that a file of this size holds")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if header["fortran_order"] else "C")
    except (OSError, ValueError):
        raise
    except Exception as error:  # what is no dictionary has many errors
        raise ValueError("is no array") from error


def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _first(error: Any) -> str:
    """The first thing that is wrong, such as "parts.0.frames: Input should be a valid integer"."""
    (first, *_) = error.errors(include_url=False, include_context=False, include_input=False)
    where = " ".join(".".join(map(str, first["loc"])).split())
    text = " ".join(str(first["msg"]).removeprefix("Value error, ").split())
    return f"{where[:80]}: {text}" if where else text


def _check(value: Any) -> None:
    waiting = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MOST_NESTED:
            raise ValueError("is nested too deeply")
        if isinstance(each, dict):
            waiting += [(inner, depth + 1) for inner in each.values()]
        elif isinstance(each, list):
            waiting += [(inner, depth + 1) for inner in each]
        elif isinstance(each, int | float) and abs(each) > LARGEST:
            raise ValueError("a number is beyond all bounds")
