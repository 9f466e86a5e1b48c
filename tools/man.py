"""Manual pages of `csm` and its commands, from the same declarations as `--help`: tools/man.py FOLDER."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from os import environ
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import typer

from csm_cli.cli.app import app
from csm_cli.core import REPOSITORY, __version__

SECTION = "1"
FILES = (
    ("script/, out/", "chapter files, timeline.json and report.html of csm render"),
    (".csm/", "beside a script: its takes, the marks of csm review"),
    ("~/.local/share/csm/voices/", "voices of the user; CSM_HOME names another folder"),
)
ENVIRONMENT = (
    ("CSM_MODEL", "the model, as --model"),
    ("CSM_HOME", "folder of the user's voices and of the cache"),
    ("CSM_PLAYER", "the player of --play and csm takes play"),
    ("CSM_RESIDENT", "0: the engine of a running csm serve is not used"),
    ("CSM_DEBUG", "1: tracebacks and the warnings of libraries"),
    ("NO_COLOR", "no colours"),
)


class Node(NamedTuple):
    """A command with all the words that call it, such as ("csm", "takes", "list"), and its context."""

    words: tuple[str, ...]
    command: Any
    context: typer.Context

    @property
    def page(self) -> str:
        """The name of its page: `csm-takes-list`."""
        return "-".join(self.words)

    @property
    def children(self) -> list[Node]:
        """The commands of a group, in the order of its help; a command has none."""
        commands = getattr(self.command, "commands", {})
        return [
            Node((*self.words, name), each, typer.Context(each, parent=self.context, info_name=name))
            for name, each in commands.items()
            if not each.hidden
        ]


def program() -> Node:
    """`csm` itself."""
    command = typer.main.get_command(app)
    return Node(("csm",), command, typer.Context(command, info_name="csm", **command.context_settings))


def escaped(text: str) -> str:
    """Text for roff: every character is printed as it is, and no row of it is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti").replace("“", "\\(lq").replace("”", "\\(rq")
    text = "".join(each if ord(each) < 128 else f"\\[u{ord(each):04X}]" for each in text)
    return re.sub(r"^(?=[.])", r"\\&", text, flags=re.MULTILINE)


def flowing(text: str) -> str:
    """Paragraphs of a help text, filled by roff."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"[\b\f]", "", text).strip())
    rows = (wrap(each, 76, break_long_words=False, break_on_hyphens=False) for each in paragraphs)
    return "\n.PP\n".join(escaped("\n".join(each)) for each in rows if each)


def entry(head: str, text: str) -> str:
    """A term and what it means."""
    return f".TP\n{head}\n{flowing(text)}" if text.strip() else f".TP\n{head}\n\\&"


def option_entry(option: Any, context: Any) -> str:
    """An option with its names in bold and its value in italics, and what `--help` says of it."""
    names, text = option.get_help_record(context) or ("", "")
    names = " ".join(names.split())
    shown = [
        re.sub(r"^(-\S+)(.*)$", lambda found: f"\\fB{escaped(found[1])}\\fR{_value(found[2])}", name)
        for name in re.split(r"\s*[,/]\s+|\s+/\s+", names)
    ]
    return entry(", ".join(shown), text)


def _value(text: str) -> str:
    return f" \\fI{escaped(text.strip())}\\fR" if text.strip() else ""


def manual_page(node: Node, date: str) -> str:
    """The text of a command's page."""
    command, context = node.command, node.context
    title = node.page.upper()
    first = (command.short_help or command.help or "").strip().split("\n")[0].rstrip(".")
    usage = " ".join(command.collect_usage_pieces(context))
    rows = [
        f'.TH "{escaped(title)}" "{SECTION}" "{date}" "csm {__version__}" "csm"',
        ".SH NAME",
        f"{escaped(node.page)} \\- {escaped(first)}",
        ".SH SYNOPSIS",
        f"\\fB{escaped(' '.join(node.words))}\\fR {escaped(usage)}",
        ".SH DESCRIPTION",
        flowing(command.help or first),
    ]
    options = [each for each in command.get_params(context) if each.param_type_name == "option"]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    if described := [each.get_help_record(context) for each in arguments if getattr(each, "help", "")]:
        rows.append(".SH ARGUMENTS")
        rows += [entry(f"\\fI{escaped(name)}\\fR", text) for name, text in described]
    panels: dict[str, list[Any]] = {}
    for option in options:
        if not option.hidden:
            panels.setdefault(getattr(option, "rich_help_panel", None) or "", []).append(option)
    if panels:
        rows.append(".SH OPTIONS")
    for panel, members in sorted(panels.items(), key=lambda each: each[0] != ""):
        rows += [f".SS {escaped(panel)}"] if panel else []
        rows += [option_entry(each, context) for each in members]
    if node.children:
        rows.append(".SH COMMANDS")
        rows += [
            entry(f"\\fB{escaped(' '.join(each.words))}\\fR", each.command.get_short_help_str(200))
            for each in node.children
        ]
    if len(node.words) == 1:
        rows += [".SH ENVIRONMENT", *(entry(f"\\fB{escaped(name)}\\fR", text) for name, text in ENVIRONMENT)]
        rows += [".SH FILES", *(entry(f"\\fI{escaped(name)}\\fR", text) for name, text in FILES)]
    if command.epilog:
        codes = re.findall(r"(\d+) (.+?)(?=, \d|\.?$)", command.epilog)
        rows += [".SH EXIT STATUS", *(entry(f"\\fB{code}\\fR", text) for code, text in codes)]
    rows += [".SH SEE ALSO", _see_also(node), escaped(REPOSITORY), ""]
    return "\n".join(rows)


def _see_also(node: Node) -> str:
    above = ["-".join(node.words[:end]) for end in range(1, len(node.words))]
    names = [*above, *(each.page for each in node.children)]
    return ",\n".join(f"\\fB{escaped(name)}\\fR({SECTION})" for name in names) + ("\n.PP" if names else "")


def pages(node: Node | None = None, date: str = "") -> dict[str, str]:
    """Every page by its file's name, `csm-takes-list.1`, a group before its commands.

    Args:
        date: as it stands at the foot of a page; "": today's, or that of SOURCE_DATE_EPOCH.
    """
    node = node or program()
    stamp = float(environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp())
    date = date or datetime.fromtimestamp(stamp, UTC).date().isoformat()
    found = {f"{node.page}.{SECTION}": manual_page(node, date)}
    for child in node.children:
        found |= pages(child, date)
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"*.{SECTION}"):
        old.unlink()
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    print(folder)


if __name__ == "__main__":
    main()
