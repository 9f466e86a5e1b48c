"""Help of commands with many options: in groups, the commonest first."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_NO_LIMIT = 1000
_TYPE = re.compile(r" <.*>$")
_PLAIN = {r"<list\[(.*)\]>": r"<\1>", r"<int( range)?>": "N", r"<float( range)?>": "X", "<str>": "TEXT"}
"""Types as Python has them, which say nothing to whoever reads help; and what stands for them."""
_BRACES = re.compile(r"\{(.*)\}")
_DEFAULT = re.compile(r"default: [^];]*(; )?")
_SOUND = "loudness level_per speed pauses room_tone"
_BOOK = "cover titles credits sample narrator words no_names split_hours"
_SAMPLING = "seed temperature top_k"
_MACHINE = "device dtype quantize eager"

GROUPS: dict[str, dict[str, str]] = {
    "say": {
        "What is made": "voice output play show_spoken",
        "Sound": "loudness speed",
        "Voice and model": f"model reference {_SAMPLING}",
        "Machine": f"{_MACHINE} no_resident",
    },
    "render": {
        "What is made": "output formats chapters whole extras play",
        "Scripts": "dry_run strict stop",
        "Sound": _SOUND,
        "Book": _BOOK,
        "Voice and model": f"model reference context_turns {_SAMPLING}",
        "Takes": "fresh lineage locked takes",
        "Checks": "verify asr voice_model retries",
        "Machine": f"batch workers ray {_MACHINE}",
        "Watermark": "watermark watermark_model",
    },
    "master": {
        "What is made": "output formats chapters whole extras",
        "Sound": _SOUND,
        "Book": _BOOK,
        "Takes": "takes",
    },
    "review": {
        "Page": "port no_open read_only",
        "What is written": "output formats whole extras",
        "Sound": _SOUND,
        "Book": _BOOK,
        "Model and takes": "model device takes",
    },
    "serve": {
        "Where": "host port token_file allow_host allow_origin",
        "Model": f"model {_MACHINE}",
        "Requests": "slots mode max_characters max_waiting max_per_client metrics no_resident",
    },
    "import": {
        "What is written": "output to force",
        "Who speaks": "guess_speakers attribute_with attribute_model",
        "What is read": "sections as_json skip only notes ruby front_matter verbose",
        "File": "format encoding",
    },
    "train": {
        "Run": "out model lora scratch",
        "Length": "epochs steps minutes",
        "Learning": "rate positions accumulate depth_share average damage seed",
        "Watching": "validation every sample",
        "Machine": "device half recompute compiled",
    },
    "bench": {
        "What is measured": "model shape against compiled",
        "How": "batch frames rounds context",
        "Machine": _MACHINE,
        "Output": "json_line",
    },
    "voices add": {
        "What is said": "text transcript asr",
        "Clips": "label pick seconds",
        "About the voice": "licence consent language note speaker",
        "Where it is kept": "project extend force",
        "Running": "yes as_json model device",
    },
}
"""Names of options, as in the functions of the commands, by group and command; the others come last."""


class Command(TyperCommand):
    """A command whose options are listed in the groups of `GROUPS`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The names of the arguments without braces: what is not in brackets is needed."""
        return [_BRACES.sub(r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, each group under its name."""
        rows: dict[str, tuple[str, str]] = {}
        arguments = []
        for parameter in self.get_params(ctx):
            if (row := parameter.get_help_record(ctx)) is None:
                continue
            if parameter.param_type_name == "argument":
                arguments.append((_TYPE.sub("", row[0]), row[1]))
            else:
                rows[str(parameter.name)] = _plain(row[0]), _once(row[1])
        groups = {
            title: [rows.pop(name) for name in names.split() if name in rows]
            for title, names in GROUPS.get(path_of(ctx), {}).items()
        }
        rest = {"Other" if groups else "Options": list(rows.values())}
        for title, each in ({"Arguments": arguments} | groups | rest).items():
            if each:
                with formatter.section(title):
                    formatter.write_dl(each)


def _plain(name: str) -> str:
    for pattern, instead in _PLAIN.items():
        name = re.sub(pattern, instead, name)
    return name


def _once(text: str) -> str:
    """The text of an option; where it states the default itself, the value behind it is left out."""
    words, bracket, facts = text.rpartition("  [")
    if "Default:" not in words:
        return text
    facts = _DEFAULT.sub("", facts)
    return words if facts == "]" else f"{words}{bracket}{facts}"


class App(typer.Typer):
    """Commands whose help is written by `Command`."""

    def command(self, name: str | None = None, **more: Any) -> Any:
        """As typer's."""
        return super().command(name, cls=Command, **more)


class Group(TyperGroup):
    """Lists its commands with what they do, on as many rows as that takes; the usual list cuts it off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, it.get_short_help_str(_NO_LIMIT)) for name, it in commands if it and not it.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def path_of(ctx: Any) -> str:
    """The name of a command behind that of the program: "voices add"."""
    return str(ctx.command_path).partition(" ")[2]
