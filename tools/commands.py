"""`csm` and its commands as they are declared: what the manual pages and the site are made from."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any, NamedTuple

import typer

from csm_cli.cli.app import app


class Entry(NamedTuple):
    """An option or argument as `--help` shows it: its names and value, what it is for, its group or ""."""

    names: str
    help: str
    panel: str


class Node(NamedTuple):
    """A command with all the words that call it, such as ("csm", "takes", "list"), and its context."""

    words: tuple[str, ...]
    command: Any
    context: typer.Context

    @property
    def children(self) -> list[Node]:
        """The commands of a group, in the order of its help; a command has none."""
        commands = getattr(self.command, "commands", {})
        return [
            Node((*self.words, name), each, typer.Context(each, parent=self.context, info_name=name))
            for name, each in commands.items()
            if not each.hidden
        ]

    @property
    def all(self) -> list[Node]:
        """Itself and all below it, a group before its commands."""
        return [self, *(each for child in self.children for each in child.all)]

    @property
    def summary(self) -> str:
        """What it does, in one row without a full stop."""
        text = self.command.short_help or self.command.help or ""
        return text.strip().split("\n")[0].rstrip(".")

    @property
    def usage(self) -> str:
        """What follows its words: "[OPTIONS] {LINE}"."""
        return " ".join(self.command.collect_usage_pieces(self.context))

    @property
    def arguments(self) -> list[Entry]:
        """Those that have a help text."""
        return [each for each in self._entries("argument") if each.help]

    @property
    def options(self) -> list[Entry]:
        """All that are not hidden; those without a group first, then group by group."""
        found = self._entries("option")
        panels = list(dict.fromkeys(["", *(each.panel for each in found)]))
        return sorted(found, key=lambda each: panels.index(each.panel))

    def _entries(self, kind: str) -> list[Entry]:
        found = []
        for each in self.command.get_params(self.context):
            if each.param_type_name == kind and not getattr(each, "hidden", False):
                names, text = each.get_help_record(self.context) or ("", "")
                panel = getattr(each, "rich_help_panel", None) or ""
                found.append(Entry(" ".join(names.split()), text.strip(), panel))
        return found


def program() -> Node:
    """`csm` itself."""
    command = typer.main.get_command(app)
    return Node(("csm",), command, typer.Context(command, info_name="csm", **command.context_settings))


def command_page() -> str:
    """All commands with their arguments and options, as a page in Markdown."""
    head = ["# Commands and options", "", "What `csm COMMAND --help` shows, of every command.", ""]
    return "\n".join([*head, *(row for node in program().all for row in rows_of(node))])


def rows_of(node: Node) -> list[str]:
    """A command's section of the page."""
    words = " ".join(node.words)
    rows = [
        f"## {words}",
        "",
        f"```text\n{words} {node.usage}\n```",
        "",
        node.command.help or node.summary,
        "",
    ]
    for kind, entries in (("argument", node.arguments), ("option", node.options)):
        for panel, members in groupby(entries, key=lambda each: each.panel):
            rows += [f"**{panel}**", ""] if panel else []
            rows += [f"| {kind} | |", "| --- | --- |"]
            rows += [f"| `{each.names}` | {_plain(each.help)} |" for each in members]
            rows.append("")
    return rows


def _plain(text: str) -> str:
    """Text as it stands, for a cell of a table in Markdown."""
    text = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
