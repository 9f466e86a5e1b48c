"""Lexicon files of a script, a project and the user, in YAML and in W3C PLS 1.0 (graphemes and aliases)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.core.files import data_dir, real, written
from csm_cli.core.visible import REFUSED, check_text, described
from csm_cli.script.names import Names
from csm_cli.script.problems import Problems, Source, did_you_mean, shown
from csm_cli.script.settings import check_keys, read_switch
from csm_cli.script.sources import decode, parse_xml, read_bytes
from csm_cli.script.writers.yaml import flow_list, flow_map, scalar
from csm_cli.script.yaml_nodes import Fields, Items, Node, Scalar, kind, parse_nodes
from csm_cli.text.characters import clean
from csm_cli.text.lexicon import Entry, Layer, Lexicon, default_case
from csm_cli.text.patterns import MAX_PATTERNS, Pattern, PatternError

NAME = "lexicon.yaml"
MAX_BYTES = 4 * 2**20
MAX_ENTRIES = 20_000
NO_PHONEMES = "phonemes are refused: the model reads letters, not phonemes; write how it sounds with say"
_KEYS = ("say", "speaker", "chapter", "case", "part", "note")
_PATTERN_KEYS = ("match", "say", "speaker", "chapter", "case", "note")
_PLS = "{http://www.w3.org/2005/01/pronunciation-lexicon}"


def user_file() -> Path:
    """Path of the user's lexicon, for every project."""
    return data_dir() / NAME


def project_file(folder: Path) -> Path:
    """Path of the lexicon of the scripts in a folder."""
    return folder / NAME


def load_lexicon(folder: Path, named: Iterable[Path] = (), names: Names | None = None) -> Lexicon:
    """The lexicon of a script.

    Args:
        folder: of the script.
        named: files that the script names; the project's and the user's are added.
        names: of its cast: entries then have its spellings of their speakers.

    Raises:
        ScriptError: problems in any of the files.
    """
    files: list[tuple[Layer, Path]] = [("script", path) for path in named]
    usual: list[tuple[Layer, Path]] = [("project", project_file(folder)), ("user", user_file())]
    named_files = [real(path) for _, path in files]
    files += [(layer, path) for layer, path in usual if path.is_file() and real(path) not in named_files]
    entries: list[Entry] = []
    problems: list[str] = []
    for layer, path in files:
        try:
            entries += read_lexicon(path, layer)
        except ScriptError as error:
            problems += error.problems
    if problems:
        raise ScriptError(problems)
    patterns = [entry for entry in entries if entry.match]
    if len(patterns) > MAX_PATTERNS:
        where = patterns[MAX_PATTERNS].where
        raise ScriptError([f"{where}: error: more than {MAX_PATTERNS} regular expressions in the lexicons"])
    return Lexicon(entries if names is None else [_of_cast(entry, names) for entry in entries])


def _of_cast(entry: Entry, names: Names) -> Entry:
    if not entry.speakers:
        return entry
    return replace(entry, speakers=tuple(names.find(name) or name for name in entry.speakers))


def read_lexicon(path: Path, layer: Layer = "project") -> list[Entry]:
    """The entries of a lexicon file.

    Raises:
        ScriptError: the file is missing or has problems.
    """
    if path.suffix.lower() in (".pls", ".xml"):
        return _read_pls(path, layer)
    return _read_yaml(path, layer)


def add_entry(path: Path, entry: Entry, *, force: bool = False) -> None:
    """Add an entry to a YAML lexicon, created if missing; the rest of the file is unchanged.

    Args:
        path: of the file.
        entry: its `where` and `layer` are ignored.
        force: replace an existing entry of the word, which must be on one row.

    Raises:
        ScriptError: the file has problems.
        UsageError: the word has an entry or no readable character, or the replacement has none.
    """
    if entry.match:
        try:
            Pattern(entry.word, entry.say, entry.case)
        except PatternError as fault:
            raise UsageError(f"{entry.word!r} is no regular expression: {fault}", where="--match") from None
    for text in (entry.word, entry.say, *entry.speakers):
        check_text(text, "csm lexicon add")
    if not clean(entry.word) or not any(map(str.isalnum, entry.say)):
        raise UsageError("a word and what is read in its place are needed", where="csm lexicon add")
    row = f"{scalar(entry.word)}: {_value(entry)}"
    text = ""
    if path.exists():
        old = [existing for existing in read_lexicon(path) if existing.word == entry.word]
        text = path.read_text(encoding="utf-8")
        if old and not force:
            what = f'has "{entry.word}" already, read as "{old[0].say}"'
            raise UsageError(what, where=old[0].where, remedy="say --force to replace it")
        if old:
            rows = text.split("\n")
            at = int(old[0].where.rsplit(":", 2)[1]) - 1
            goes_on = rows[at + 1 : at + 2] and rows[at + 1][:1].isspace() and rows[at + 1].strip()
            if len(old) > 1 or goes_on or not old[0].where.endswith(":1"):
                raise UsageError(
                    "has an entry over several lines", where=old[0].where, remedy="edit it by hand"
                )
            text = "\n".join(rows[:at] + rows[at + 1 :])
        if text and not text.endswith("\n"):
            text += "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as temporary:
        temporary.write_text(f"{text}{row}\n", encoding="utf-8")


def remove_word(path: Path, word: str) -> None:
    """Remove every entry of a word from a YAML lexicon; the rest of the file is unchanged.

    Raises:
        ScriptError: the file is missing or has problems.
        UsageError: the word has no entry, or one that does not begin a row.
    """
    entries = read_lexicon(path)
    old = next((entry for entry in entries if entry.word == word), None)
    if old is None:
        near = did_you_mean(word, {entry.word for entry in entries})
        raise UsageError(f'has no entry for "{shown(word)}"{near}', where=str(path))
    shared = any(entry.where == old.where and entry.word != word for entry in entries)
    if shared or not old.where.endswith(":1"):
        raise UsageError(
            "does not begin a row of its own" if shared else "does not begin a row",
            where=old.where,
            remedy="edit it by hand",
        )
    rows = path.read_text(encoding="utf-8").split("\n")
    first = int(old.where.rsplit(":", 2)[1]) - 1
    last = first + 1
    while last < len(rows) and rows[last][:1] in (" ", "\t", "-"):  # the word's list or mapping
        last += 1
    with written(path) as temporary:
        temporary.write_text("\n".join(rows[:first] + rows[last:]), encoding="utf-8")


def _value(entry: Entry) -> str:
    pairs = {"match": scalar(entry.word, flow=True)} if entry.match else {}
    pairs["say"] = scalar(entry.say, flow=True)
    if entry.speakers:
        pairs["speaker"] = flow_list(entry.speakers)
    if entry.chapters:
        pairs["chapter"] = f"[{', '.join(map(str, entry.chapters))}]"
    if entry.case != (entry.match or default_case(entry.word)):
        pairs["case"] = "on" if entry.case else "off"
    if entry.part:
        pairs["part"] = "on"
    return scalar(entry.say) if len(pairs) == 1 else flow_map(pairs)


def _read_yaml(path: Path, layer: Layer) -> list[Entry]:
    source = decode(str(path), read_bytes(path, MAX_BYTES))
    problems = Problems()
    root = parse_nodes(source, problems)
    entries: list[Entry] = []
    if isinstance(root, Fields):
        if len(root.pairs) > MAX_ENTRIES:
            problems.add(root.source, f"more than {MAX_ENTRIES} entries")
        for word, value in root.pairs[:MAX_ENTRIES]:
            for item in value.items if isinstance(value, Items) else [value]:
                if entry := _entry(word, item, layer, problems):
                    entries.append(entry)
    elif isinstance(root, Items) and all(isinstance(item, Fields) for item in root.items):
        for item in root.items[:MAX_ENTRIES]:
            if entry := _entry(Scalar("", True, item.source), item, layer, problems):
                entries.append(entry)
    elif root is not None:
        problems.add(root.source, f"a lexicon is a mapping of words to how they are read, not {kind(root)}")
    problems.check()
    return entries


def _entry(word: Scalar, value: Node, layer: Layer, problems: Problems) -> Entry | None:
    """The entry of `word: say` or `word: {say: …, speaker: …}`; None and a problem if it is neither."""
    name = " ".join(word.text.split())
    fields = value if isinstance(value, Fields) else Fields(word.source)
    phoneme = fields.get("phoneme") or fields.get("ipa")
    if phoneme is not None:
        problems.add(phoneme.source, NO_PHONEMES)
        return None
    match = fields.get("match")
    check_keys(fields, _KEYS if match is None else _PATTERN_KEYS, problems)
    say = value if isinstance(value, Scalar) else fields.get("say")
    if match is not None:
        name = match.text if isinstance(match, Scalar) else ""
    if not name or not isinstance(say, Scalar) or not any(map(str.isalnum, say.text)):
        problems.add(value.source, f'"{shown(name)}" needs the words that it is read as')
        return None
    if match is None and not clean(name):
        problems.add(word.source, f'"{shown(name)}" has only signs that are left out of every text')
        return None
    chapters: list[int] = []
    for node in _texts(fields.get("chapter")):
        if re.fullmatch("[0-9]{1,5}", node.text):
            chapters.append(int(node.text))
        else:
            problems.add(node.source, f"chapter is a number, not {kind(node)}")
    case, part = fields.get("case"), fields.get("part")
    exact = match is not None or default_case(name)
    if case is not None:
        exact = bool(read_switch("case", case, problems))
    if match is not None:
        try:
            Pattern(name, " ".join(say.text.split()), exact)
        except PatternError as fault:
            problems.add(
                match.source, f'"{shown(name)}" is no regular expression that is known here: {fault}'
            )
            return None
    return Entry(
        name,
        " ".join(say.text.split()),
        str(word.source),
        layer,
        tuple(node.text for node in _texts(fields.get("speaker"))),
        tuple(chapters),
        exact,
        part is not None and bool(read_switch("part", part, problems)),
        match is not None,
    )


def _texts(node: Node | None) -> list[Scalar]:
    nodes = node.items if isinstance(node, Items) else [node]
    return [item for item in nodes if isinstance(item, Scalar) and item.text.strip()]


def _read_pls(path: Path, layer: Layer) -> list[Entry]:
    root = parse_xml(read_bytes(path, MAX_BYTES), str(path))
    problems = Problems()
    entries: list[Entry] = []
    for lexeme in root.iter(f"{_PLS}lexeme", "lexeme"):
        place = Source(str(path), lexeme.sourceline or 1, 1)
        words = [text for element in _children(lexeme, "grapheme") if (text := _text(element))]
        aliases = [text for element in _children(lexeme, "alias") if (text := _text(element))]
        if not aliases and _children(lexeme, "phoneme"):
            problems.add(place, NO_PHONEMES.replace("say", "an alias"))
        elif refused := next(filter(None, map(REFUSED.search, [*words, *aliases])), None):
            problems.add(place, f"{described(refused[0])}; remove it")
        elif not words or not aliases:
            problems.add(place, "a lexeme needs a grapheme and an alias")
        else:
            entries += [Entry(word, aliases[0], str(place), layer, case=default_case(word)) for word in words]
    problems.check()
    return entries


def _children(element: Any, name: str) -> list[Any]:
    return [*element.findall(f"{_PLS}{name}"), *element.findall(name)]


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
