"""Manual pages of `csm` and its commands, from the same declarations as `--help`: tools/man.py FOLDER."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from os import environ
from pathlib import Path
from textwrap import wrap

from csm_cli.core import REPOSITORY, __version__
from tools.commands import Entry, Node, program

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


def page_of(node: Node) -> str:
    """The name of a command's page: `csm-takes-list`."""
    return "-".join(node.words)


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


def option_entry(option: Entry) -> str:
    """An option with its names in bold and its value in italics, and what `--help` says of it."""
    shown = [
        re.sub(r"^(-\S+)(.*)$", lambda found: f"\\fB{escaped(found[1])}\\fR{_value(found[2])}", name)
        for name in re.split(r"\s*[,/]\s+", option.names)
    ]
    return entry(", ".join(shown), option.help)


def _value(text: str) -> str:
    return f" \\fI{escaped(text.strip())}\\fR" if text.strip() else ""


def manual_page(node: Node, date: str) -> str:
    """The text of a command's page."""
    rows = [
        f'.TH "{escaped(page_of(node).upper())}" "{SECTION}" "{date}" "csm {__version__}" "csm"',
        ".SH NAME",
        f"{escaped(page_of(node))} \\- {escaped(node.summary)}",
        ".SH SYNOPSIS",
        f"\\fB{escaped(' '.join(node.words))}\\fR {escaped(node.usage)}",
        ".SH DESCRIPTION",
        flowing(node.command.help or node.summary),
    ]
    if node.arguments:
        rows.append(".SH ARGUMENTS")
        rows += [entry(f"\\fI{escaped(each.names)}\\fR", each.help) for each in node.arguments]
    panel = ""
    rows += [".SH OPTIONS"] if node.options else []
    for option in node.options:
        if option.panel != panel:
            panel = option.panel
            rows.append(f".SS {escaped(panel)}")
        rows.append(option_entry(option))
    if node.children:
        rows.append(".SH COMMANDS")
        rows += [entry(f"\\fB{escaped(' '.join(each.words))}\\fR", each.summary) for each in node.children]
    if len(node.words) == 1:
        rows += [".SH ENVIRONMENT", *(entry(f"\\fB{escaped(name)}\\fR", text) for name, text in ENVIRONMENT)]
        rows += [".SH FILES", *(entry(f"\\fI{escaped(name)}\\fR", text) for name, text in FILES)]
    if epilog := node.command.epilog:
        codes = re.findall(r"(\d+) (.+?)(?=, \d|\.?$)", epilog)
        rows += [".SH EXIT STATUS", *(entry(f"\\fB{code}\\fR", text) for code, text in codes)]
    rows += [".SH SEE ALSO", _see_also(node), escaped(REPOSITORY), ""]
    return "\n".join(rows)


def _see_also(node: Node) -> str:
    above = ["-".join(node.words[:end]) for end in range(1, len(node.words))]
    names = [*above, *map(page_of, node.children)]
    return ",\n".join(f"\\fB{escaped(name)}\\fR({SECTION})" for name in names) + ("\n.PP" if names else "")


def pages(date: str = "") -> dict[str, str]:
    """Every page by its file's name, such as `csm-takes-list.1`.

    Args:
        date: as it stands at the foot of a page; "": today's, or that of SOURCE_DATE_EPOCH.
    """
    stamp = float(environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp())
    date = date or datetime.fromtimestamp(stamp, UTC).date().isoformat()
    return {f"{page_of(node)}.{SECTION}": manual_page(node, date) for node in program().all}


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
