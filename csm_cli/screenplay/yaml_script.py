"""Scripts in YAML: `chapters` (or just `lines`) of `- Name: text` items. docs/scripts.md has the language."""

from __future__ import annotations

from csm_cli.screenplay.document import NARRATOR, Screenplay
from csm_cli.screenplay.draft import Draft, read_seconds
from csm_cli.screenplay.header import RESERVED, check_keys, read_header, read_number, read_text
from csm_cli.screenplay.nodes import Fields, Items, Node, Scalar, kind, parse_nodes
from csm_cli.screenplay.source_text import Problems, SourceText, did_you_mean

_SCENE = ("scene break", "scene", "---")
_MAX_SEED = 2**63 - 1


def read_yaml(source: SourceText) -> Screenplay:
    """The screenplay in a YAML text.

    Raises:
        ScriptError: with every problem found.
    """
    problems = Problems()
    root = parse_nodes(source, problems)
    if root is None:
        if not problems:
            problems.add(source.at(0), "nothing to speak: the script is empty")
    elif not isinstance(root, Fields):
        problems.add(
            root.source, f"a script begins with keys such as title and chapters, not with {kind(root)}"
        )
    if not isinstance(root, Fields):
        problems.check()
        raise AssertionError("a script without keys has a problem")
    header = read_header(root, source.path, problems, ("chapters", "lines"))
    draft = Draft(source.path, header, problems)
    chapters, lines = root.get("chapters"), root.get("lines")
    if chapters is not None and lines is not None:
        problems.add(lines.source, "a script has either chapters or lines, not both")
    elif chapters is not None:
        _read_chapters(chapters, draft, problems)
    elif lines is not None:
        draft.begin_chapter(header.title, root.source)
        _read_lines(lines, draft, problems)
    elif not problems:
        problems.add(root.source, "nothing to speak: the script has neither chapters nor lines")
    return draft.finish()


def _read_chapters(node: Node, draft: Draft, problems: Problems) -> None:
    if not isinstance(node, Items) or not node.items:
        problems.add(node.source, f"chapters must be a list of chapters, not {_what(node)}")
        return
    for chapter in node.items:
        if not isinstance(chapter, Fields):
            problems.add(chapter.source, f"a chapter has the keys title and lines; this is {kind(chapter)}")
            continue
        check_keys(chapter, ("title", "lines"), problems)
        draft.begin_chapter(read_text(chapter, "title", problems), chapter.source)
        if (lines := chapter.get("lines")) is not None:
            _read_lines(lines, draft, problems)


def _read_lines(node: Node, draft: Draft, problems: Problems) -> None:
    if not isinstance(node, Items) or not node.items:
        problems.add(node.source, f"lines must be a list of lines, not {_what(node)}")
        draft.skip_line()
        return
    opening = True
    for item in node.items:
        if isinstance(item, Scalar):
            if item.text in _SCENE:
                draft.add_scene_break(item.source)
                opening = True
                continue
            hint = did_you_mean(item.text, _SCENE[:1]) or "; write - narrator: text"
            problems.add(item.source, f"{kind(item)} has no speaker{hint}")
            draft.skip_line()
        elif not isinstance(item, Fields) or not item.pairs:
            problems.add(item.source, f"a line is written - Name: text; this is {_what(item)}")
            draft.skip_line()
        elif item.get("pause") is not None:
            _read_pause(item, draft, problems)
        else:
            _read_line(item, opening, draft, problems)
            opening = False


def _read_pause(item: Fields, draft: Draft, problems: Problems) -> None:
    check_keys(item, ("pause",), problems)
    value = item.get("pause")
    assert value is not None
    if not isinstance(value, Scalar):
        problems.add(value.source, f"a pause is a number of seconds, such as 1.5, not {kind(value)}")
    elif (seconds := read_seconds(value.text, value.source, problems)) is not None:
        draft.add_pause(seconds, value.source)


def _read_line(item: Fields, opening: bool, draft: Draft, problems: Problems) -> None:
    """`Name: text` with an optional seed, or the long form with speaker, text and seed."""
    names = [(key, value) for key, value in item.pairs if key.text not in RESERVED]
    long = item.get("text") is not None or item.get("speaker") is not None
    named_at = item.source
    if long:
        check_keys(item, ("speaker", "text", "seed"), problems)
        speaker = NARRATOR
        if (said_by := item.get("speaker")) is not None:
            speaker, named_at = read_text(item, "speaker", problems), said_by.source
        text = item.get("text")
    elif len(names) == 1:
        key, text = names[0]
        speaker, named_at = " ".join(key.text.split()), key.source
    else:
        at = names[1][0].source if names else item.source
        what = "a second speaker in one line; begin it with -" if names else "a line needs a speaker and text"
        problems.add(at, what)
        draft.skip_line()
        return
    seed = read_number(item, "seed", _MAX_SEED, problems)
    if isinstance(text, (Items, Fields)):
        problems.add(text.source, f"text must be text, not {kind(text)}")
    if not speaker:
        problems.add(named_at, "a line needs a speaker")
    if not speaker or isinstance(text, (Items, Fields)):
        draft.skip_line()
        return
    said, source = (text.text, text.source) if text is not None else ("", item.source)
    draft.add_line(speaker, said, named_at=named_at, source=source, seed=seed, new_paragraph=opening)


def _what(node: Node) -> str:
    return kind(node) if isinstance(node, Scalar) else "an empty one" if not _size(node) else kind(node)


def _size(node: Items | Fields) -> int:
    return len(node.items if isinstance(node, Items) else node.pairs)
