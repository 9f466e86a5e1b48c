"""Parser of YAML scripts: `chapters` (or just `lines`) of `- Name: text` items; see docs/scripts.md."""

from __future__ import annotations

import re

from csm_cli.script.builder import ScreenplayBuilder
from csm_cli.script.document import NARRATOR, Screenplay
from csm_cli.script.header import RESERVED, is_nothing, read_header, read_list, read_text
from csm_cli.script.problems import Problems, SourceText, did_you_mean, shown
from csm_cli.script.settings import (
    CHAPTER_KEYS,
    LINE_KEYS,
    check_keys,
    meant,
    read_seconds,
    read_seed,
    read_settings,
    read_sound,
    read_switch,
)
from csm_cli.script.sources import ParseState
from csm_cli.script.yaml_nodes import Fields, Items, Node, Scalar, kind, parse_nodes

SCENE = ("scene break", "scene", "---")
BED_END = "bed end"
_LINE_KEYS = ("speaker", "text", "note", "paragraph", *LINE_KEYS)
_NOTE = re.compile(r"\(([^()]*)\)\s*")


def read_yaml(source: SourceText, state: ParseState) -> Screenplay | None:
    """Parse a YAML script; problems are added to `state`. None if it is not a mapping in valid YAML."""
    problems = state.problems
    before = bool(problems)
    root = parse_nodes(source, problems)
    if root is None:
        if bool(problems) == before:
            problems.add(source.at(0), "nothing to speak: the script is empty")
        return None
    if not isinstance(root, Fields):
        problems.add(
            root.source, f"a script begins with keys such as title and chapters, not with {kind(root)}"
        )
        return None
    header = read_header(root, source.path, state, ("chapters", "lines"))
    builder = ScreenplayBuilder(source.path, header, state)
    chapters, lines = root.get("chapters"), root.get("lines")
    if chapters is not None and lines is not None:
        problems.add(lines.source, "a script has either chapters or lines, not both")
    elif chapters is not None:
        _read_chapters(chapters, builder, problems)
    elif lines is not None:
        builder.begin_chapter(header.title, root.source, implied=True)
        _read_lines(lines, builder, problems)
    elif not problems:
        problems.add(root.source, "nothing to speak: the script has neither chapters nor lines")
    return builder.finish()


def _read_chapters(node: Node, builder: ScreenplayBuilder, problems: Problems) -> None:
    if not isinstance(node, Items) or not node.items:
        problems.add(node.source, f"chapters must be a list of chapters, not {_what(node)}")
        return
    for chapter in node.items:
        if not isinstance(chapter, Fields):
            problems.add(chapter.source, f"a chapter has the keys title and lines; this is {kind(chapter)}")
            continue
        if chapter.get("include") is not None:
            _read_include(chapter, builder, problems)
            continue
        check_keys(chapter, ("title", "lines", "voices", *CHAPTER_KEYS), problems)
        builder.begin_chapter(
            builder.fill(read_text(chapter, "title", problems), chapter.source),
            chapter.source,
            read_settings(chapter, problems),
            read_seed(chapter, problems),
            _read_voices(chapter.get("voices"), builder, problems),
        )
        if (lines := chapter.get("lines")) is not None:
            _read_lines(lines, builder, problems)


def _read_voices(node: Node | None, builder: ScreenplayBuilder, problems: Problems) -> dict[str, str]:
    """The voices that a chapter overrides, by character."""
    if node is None or is_nothing(node):
        return {}
    if not isinstance(node, Fields):
        problems.add(node.source, f"voices is a mapping of characters to voices, not {kind(node)}")
        return {}
    voices = {}
    for key, value in node.pairs:
        if not isinstance(value, Scalar):
            problems.add(value.source, f"the voice of a character in a chapter is a name, not {kind(value)}")
        else:
            voices[key.text] = value.text.strip()
    return voices


def _read_lines(node: Node, builder: ScreenplayBuilder, problems: Problems) -> None:
    if not isinstance(node, Items) or not node.items:
        problems.add(node.source, f"lines must be a list of lines, not {_what(node)}")
        builder.skip_line()
        return
    opening = True
    for item in node.items:
        if problems.full:
            return
        if isinstance(item, Scalar):
            if item.text in SCENE:
                builder.add_scene_break(item.source)
                opening = True
            elif item.text == BED_END:
                builder.end_bed(item.source)
            else:
                hint = did_you_mean(item.text, [SCENE[0], BED_END]) or "; write - narrator: text"
                problems.add(item.source, f"{kind(item)} has no speaker{hint}")
                builder.skip_line()
        elif not isinstance(item, Fields) or not item.pairs:
            problems.add(item.source, f"a line is written - Name: text; this is {_what(item)}")
            builder.skip_line()
        elif (key := item.pairs[0][0].text) in _CUES or (key in RESERVED and _cue_of(item)):
            _CUES[key if key in _CUES else _cue_of(item)](item, builder, problems)
            opening |= item.get("scene") is not None
        else:
            _read_line(item, opening, builder, problems)
            opening = False


def _cue_of(item: Fields) -> str:
    return next((key.text for key, _ in item.pairs if key.text in _CUES), "")


def _read_pause(item: Fields, builder: ScreenplayBuilder, problems: Problems) -> None:
    check_keys(item, ("pause",), problems)
    value = item.get("pause")
    assert value is not None
    if not isinstance(value, Scalar):
        problems.add(value.source, f"a pause is a number of seconds, such as 1.5, not {kind(value)}")
    elif (seconds := read_seconds(value.text, value.source, problems)) is not None:
        builder.add_pause(seconds, value.source)


def _read_scene(item: Fields, builder: ScreenplayBuilder, problems: Problems) -> None:
    check_keys(item, ("scene",), problems)
    builder.add_scene_break(item.source, builder.fill(read_text(item, "scene", problems), item.source))


def _read_sound(item: Fields, builder: ScreenplayBuilder, problems: Problems) -> None:
    file = item.get("sound") or item.get("bed")
    assert file is not None
    if isinstance(file, Scalar) and file.text == "end" and item.get("bed") is file:
        check_keys(item, ("bed",), problems)
        builder.end_bed(item.source)
    else:
        builder.add_sound(read_sound(item, problems), file.source)


def _read_include(item: Fields, builder: ScreenplayBuilder, problems: Problems) -> None:
    check_keys(item, ("include",), problems)
    node = item.get("include")
    assert node is not None
    builder.include(read_text(item, "include", problems), node.source)


_CUES = {
    "pause": _read_pause,
    "scene": _read_scene,
    "sound": _read_sound,
    "bed": _read_sound,
    "include": _read_include,
}


def _read_line(item: Fields, opening: bool, builder: ScreenplayBuilder, problems: Problems) -> None:
    """`Name: text` with settings, or the long form with speaker, text and settings."""
    notes: tuple[str, ...] = ()
    text: Node | None
    if len(item.pairs) == 1 and item.pairs[0][0].text not in RESERVED:
        ((key, text),) = item.pairs
        speaker, named_at, long = key.text, key.source, False
    else:
        names = [(key, value) for key, value in item.pairs if key.text not in RESERVED]
        long = item.get("text") is not None or item.get("speaker") is not None
        named_at, speaker = item.source, NARRATOR
        text = item.get("text")
        if long:
            check_keys(item, _LINE_KEYS, problems)
            if (speaker_node := item.get("speaker")) is not None:
                speaker, named_at = read_text(item, "speaker", problems), speaker_node.source
        elif len(names) == 1:
            for key, _ in item.pairs:
                if key.text in RESERVED and key.text not in _LINE_KEYS:
                    problems.add(key.source, f'"{key.text}" is not a setting of a line')
            (key, text), *_ = names
            speaker, named_at = key.text, key.source
        else:
            at = names[1][0].source if names else item.source
            problems.add(at, _second_key(names[1][0].text) if names else "a line needs a speaker and text")
            builder.skip_line()
            return
    speaker = " ".join(speaker.split())
    if isinstance(text, (Items, Fields)):
        problems.add(text.source, f"text must be text, not {kind(text)}")
    if not speaker:
        problems.add(named_at, "a line needs a speaker")
    if not speaker or isinstance(text, (Items, Fields)):
        builder.skip_line()
        return
    content, source = (text.text, text.source) if text is not None else ("", item.source)
    while not long and content[:1] == "(" and (note := _NOTE.match(content)):
        content = content[note.end() :]
        notes += (" ".join(note[1].split()),) if note[1].strip() else ()
    if len(item.pairs) == 1:
        builder.add_line(
            speaker,
            builder.fill(content, source),
            named_at=named_at,
            source=source,
            new_paragraph=opening,
            notes=notes,
        )
        return
    if (written := item.get("note")) is not None:
        notes += tuple(" ".join(note.text.split()) for note in read_list(written, "note", problems))
    begins = item.get("paragraph")
    builder.add_line(
        speaker,
        builder.fill(content, source),
        named_at=named_at,
        source=source,
        seed=read_seed(item, problems),
        new_paragraph=opening or (begins is not None and bool(read_switch("paragraph", begins, problems))),
        notes=notes,
        settings=read_settings(item, problems),
        voice=read_text(item, "voice", problems),
    )


def _second_key(key: str) -> str:
    """The message for a line with a second key that is no setting."""
    if near := meant(key, (*LINE_KEYS, "note") if key.islower() else LINE_KEYS):
        return f'unknown key "{shown(key)}"{near}'
    return f'"{shown(key)}" is a second speaker in one line; begin it with -'


def _what(node: Node) -> str:
    return kind(node) if isinstance(node, Scalar) else "an empty one" if not _size(node) else kind(node)


def _size(node: Items | Fields) -> int:
    return len(node.items if isinstance(node, Items) else node.pairs)
