"""Writes a screenplay as a Markdown script, which reads back as an equal screenplay, apart from places."""

from __future__ import annotations

import re

from csm_cli.script.document import (
    NARRATOR,
    Bed,
    BedEnd,
    Chapter,
    Include,
    Item,
    Line,
    Pause,
    SceneBreak,
    Screenplay,
    Sound,
)
from csm_cli.script.markup import BRACES, CUE, begins_block, plain_text, trailing_braces
from csm_cli.script.settings import as_written
from csm_cli.script.writers.yaml import (
    header_rows,
    number,
    own_settings,
    own_voice,
    settings_pairs,
    sound_pairs,
)

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_UNREAD = re.compile(r"\[(?=\^)|<(?=/?[A-Za-z])|&(?=#?\w+;)|!(?=\[)|~~")
_NAMED = re.compile(r"[^*:]{1,60}:(?=\s)")
_PLAIN_NAME = re.compile(r"[^\s*:_\\\[\]<(\"{}][^*:_\\\[\]<\"{}]{0,98}")


def write_markdown(play: Screenplay) -> str:
    """The text of a Markdown script; variables and includes of an unexpanded screenplay are kept."""
    header = header_rows(play)
    blocks = ["\n".join(["---", *header, "---"])] if header else []
    writer = _Writer(play)
    for chapter in play.chapters:
        writer.chapter(chapter)
    text = "\n\n".join([*blocks, *writer.blocks])
    return f"{text}\n"


class _Writer:
    """Collects blocks, which are separated by blank rows; a paragraph is one block."""

    def __init__(self, play: Screenplay):
        self.play = play
        self.blocks: list[str] = []

    def chapter(self, chapter: Chapter) -> None:
        """Add a chapter."""
        pairs = settings_pairs(chapter.settings, chapter.seed)
        pairs |= {_quoted(f"voice.{name}"): _quoted(voice) for name, voice in chapter.voices.items()}
        heading = "" if chapter.untitled else as_written(escape(chapter.title))
        if braces := trailing_braces(heading):
            heading = f"{heading[: braces.start()]}\\{braces[0]}"
        if heading.endswith("#"):
            heading = f"{heading[:-1]}\\#"
        implied = chapter.implied and not pairs and len(self.play.chapters) == 1
        if not implied and (chapter.number > 1 or heading or pairs or not _only_includes(chapter)):
            self.blocks.append(" ".join(filter(None, ["#", heading, _braces(pairs)])))
        fresh = True
        for item in chapter.items:
            fresh = self._item(chapter, item, fresh)

    def _item(self, chapter: Chapter, item: Item, fresh: bool) -> bool:
        """Add an item; returns whether the next line begins a paragraph in any case."""
        if isinstance(item, Line):
            self._line(chapter, item, fresh)
            return False
        if isinstance(item, SceneBreak):
            self.blocks.append(f"## {_title(item.title)}" if item.title else "---")
            return True
        row = _cue(item)
        if fresh:
            self.blocks.append(row)
        else:
            self.blocks[-1] += f"\n{row}"
        return fresh

    def _line(self, chapter: Chapter, line: Line, fresh: bool) -> None:
        own = own_settings(self.play, chapter, line)
        pairs = settings_pairs(own, line.seed)
        if voice := own_voice(self.play, chapter, line):
            pairs["voice"] = _quoted(voice)
        begins = fresh or line.new_paragraph
        name = ""
        if line.speaker != NARRATOR or not begins or line.notes:
            plain = _PLAIN_NAME.fullmatch(line.speaker) and not _UNREAD.search(line.speaker)
            plain = plain and plain_text(line.speaker) == line.speaker
            if plain and not line.speaker.endswith(" "):
                name = f"**{line.speaker}:**"
            else:
                pairs = {"speaker": _quoted(line.speaker)} | pairs
        notes = [f"({as_written(_note(note))})" for note in line.notes]
        named = bool(name) or "speaker" in pairs
        text = text_of_line(line.text, named=named, first=not named and not pairs)
        row = " ".join(filter(None, [name, _braces(pairs), *notes, text]))
        if begins or not self.blocks:
            self.blocks.append(row)
        else:
            self.blocks[-1] += f"\n{row}"


def text_of_line(text: str, *, named: bool, first: bool) -> str:
    """A line's text, so that it is read as it is behind the name, the settings and the notes of the line.

    Args:
        text: on one line.
        named: a name stands before it.
        first: it begins its row.
    """
    text = as_written(escape(text, first=first))
    if named and text.startswith("("):
        text = f"\\{text}"
    name = _NAMED.match(text)
    if not name:
        return text
    before = text[: name.end() - 1]
    kept = (len(before) - len(before.rstrip("\\"))) % 2  # an odd number: the colon is escaped already
    return text if kept else f"{before}\\:{text[name.end() :]}"


def escape(text: str, first: bool = False) -> str:
    """`text`, which is on one line, with backslash escapes so that it is read as it is.

    `first`: it begins a row, where `#`, `---`, `[pause 1]`, `{seed=7}` and the like have a meaning.
    """
    marked = text.replace("\\", "\\\\").replace("*", "\\*").replace("](", "]\\(").replace("<!--", "\\<!--")
    marked = _UNDERSCORE.sub(r"\\_", marked)
    if "[" in marked:
        marked = CUE.sub(lambda cue: f"\\{cue[0]}", marked)
    if BRACES.match(marked):
        marked = f"\\{marked}"
    marked = _UNREAD.sub(lambda match: f"\\{match[0]}", marked)
    if first and (marked[0] in "#-_[" or begins_block(marked)):
        marked = f"\\{marked}"
    return marked if plain_text(marked) == text else _PUNCTUATION.sub(r"\\\1", text)


def _title(title: str) -> str:
    title = as_written(escape(title))
    return f"{title[:-1]}\\#" if title.endswith("#") else title


def _note(note: str) -> str:
    return re.sub(r"([()])", r"\\\1", escape(note))


def _cue(item: Pause | Sound | Bed | BedEnd | Include) -> str:
    if isinstance(item, Pause):
        return f"[pause {number(item.seconds)}]"
    if isinstance(item, BedEnd):
        return "[bed end]"
    if isinstance(item, Include):
        return f"[include {_file(item.file)}]"
    options = [key if key == "over" else f"{key}={value}" for key, value in sound_pairs(item).items()]
    return f"[{' '.join(['bed' if isinstance(item, Bed) else 'sound', _file(item.file), *options])}]"


def _file(name: str) -> str:
    plain = re.fullmatch(r"(?!.*<!--)[^\s\"\]\[,=:]+", name) and name not in ("end", "stop", "off")
    return name if plain else _quoted(name, force=True)


def _quoted(text: str, force: bool = False) -> str:
    if not force and re.fullmatch(r"(?!.*<!--)[^\s={}\",\\]+", text) and not _UNREAD.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("<!--", "\\<!--")
    escaped = _UNREAD.sub(lambda match: f"\\{match[0]}", escaped)
    return f'"{escaped}"'


def _braces(pairs: dict[str, str]) -> str:
    return "{" + " ".join(f"{key}={value}" for key, value in pairs.items()) + "}" if pairs else ""


def _only_includes(chapter: Chapter) -> bool:
    return all(isinstance(item, Include) for item in chapter.items)
