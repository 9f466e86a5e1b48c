"""Parser of dialogues in JSON: a list of `{"speaker": …, "text": …}`, alone or under "lines" and the like."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from csm_cli.core.visible import REFUSED, described, without_refused
from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import RESERVED, default_header
from csm_cli.script.problems import Problems, SourceText, shown
from csm_cli.script.sources import ParseState

_SPEAKER = ("speaker", "name", "character", "role", "from", "speaker_name", "speaker_id")
_TEXT = ("text", "line", "content", "utterance", "message", "value", "dialogue")
_LISTS = r'"(?:lines|dialogue|dialog|turns|messages|conversation|segments|script|utterances)"\s*:\s*\['
_TITLE = re.compile(r'"title"\s*:\s*("(?:[^"\\]|\\.)*")')
_BETWEEN = re.compile(r"[\s,]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)
_SHORT = {"\\b": "\b", "\\f": "\f"}
_NEAR = 5_000
"""Characters behind the begin of an item among which an escape is looked for."""


def read_json(source: SourceText, state: ParseState) -> Screenplay:
    """Parse a dialogue; problems are added to `state`."""
    problems = state.problems
    header = default_header(source.path, state)
    header.strict_cast = False
    start = re.search(rf"\A\s*\[|{_LISTS}", source.text)
    if found := _TITLE.search(source.text, 0, start.start() if start else 2000):
        try:
            title = _text(json.loads(found[1], strict=False), found.start(1), source, problems)
        except json.JSONDecodeError as fault:
            problems.add(source.at(found.start(1) + fault.pos), f"not valid JSON: {fault.msg}")
        else:
            header.title, header.untitled = " ".join(title.split()), False
    builder = ScreenplayBuilder(source.path, header, state)
    if start is None:
        problems.add(source.at(0), 'expected a list of {"speaker": …, "text": …}')
        return builder.finish()
    builder.begin_chapter(header.title, source.at(0), implied=True)
    for at, item in _items(source, start.end(), problems):
        _add(item, at, source, builder, problems)
        if problems.full:
            break
    return builder.finish()


def _items(source: SourceText, index: int, problems: Problems) -> Iterator[tuple[int, object]]:
    """The items of the list that begins at `index`, each with its index in the text."""
    decoder, text = json.JSONDecoder(strict=False), source.text
    while True:
        between = _BETWEEN.match(text, index)
        assert between is not None
        index = between.end()
        if text[index : index + 1] == "]":
            return
        try:
            item, end = decoder.raw_decode(text, index)
        except json.JSONDecodeError as fault:
            problems.add(source.at(min(fault.pos, len(text))), f"not valid JSON: {fault.msg}")
            return
        except (RecursionError, ValueError):
            problems.add(source.at(index), "nested too deep, or a number too long")
            return
        yield index, item
        index = end


def _add(item: object, at: int, source: SourceText, builder: ScreenplayBuilder, problems: Problems) -> None:
    place = source.at(at)
    fields = item if isinstance(item, dict) else {}
    if isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item):
        fields = {"speaker": item[0], "text": item[1]}
    text = next((fields[key] for key in _TEXT if isinstance(fields.get(key), str)), None)
    if text is None:
        problems.add(place, f'expected {{"speaker": …, "text": …}}, not {shown(json.dumps(item))}')
        builder.skip_line()
        return
    name = next((fields[key] for key in _SPEAKER if isinstance(fields.get(key), (str, int))), NARRATOR)
    name = " ".join(_text(str(name), at, source, problems).split()) or NARRATOR
    if isinstance(name, str) and name.isdigit():
        name = f"Speaker {name}"
    speaker = f"{name}." if name in RESERVED else name
    for paragraph in re.split(r"\n\s*\n", _text(text, at, source, problems)) or [""]:
        builder.add_line(speaker, paragraph, named_at=place, source=place, new_paragraph=True)


def _text(text: str, at: int, source: SourceText, problems: Problems) -> str:
    """`text` of the item at that index: halves of characters are replaced, refused ones are a problem."""
    text = _SURROGATE.sub("\ufffd", text)
    if not (refused := REFUSED.search(text)):
        return text
    for escape in _ESCAPE.finditer(source.text, at, at + _NEAR):  # no file holds it as it is
        if (chr(int(escape[1], 16)) if escape[1] else _SHORT.get(escape[0])) == refused[0]:
            at = escape.start()
            break
    problems.add(source.at(at), f"{described(refused[0])}; remove it")
    return without_refused(text, " ")
