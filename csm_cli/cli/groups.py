"""Commands with commands below them: their help has a whole sentence for each."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_NO_LIMIT = 1000


class Group(TyperGroup):
    """Lists its commands with what they do, on as many rows as that takes; the usual list cuts it off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, it.get_short_help_str(_NO_LIMIT)) for name, it in commands if it and not it.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
