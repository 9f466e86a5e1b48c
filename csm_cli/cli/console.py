"""The two streams: primary output on stdout, what is said to a person on stderr, errors in one line.

Everything that is printed goes through here: control characters in it are shown, never obeyed (`visible`).
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from csm_cli.core.errors import (
    CsmError,
    ScriptError,
    UnreadableScript,
    first_line,
    is_full,
    of_system,
    remedy_of,
    unwritten,
)
from csm_cli.core.stored import finite
from csm_cli.core.visible import json_visible, visible

INDENT = "     "
# What is copied as a whole stays whole: a command in backticks. Otherwise spaces part words.
_WORD = re.compile(r"(?:`[^`]*`|\S)+")


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, thing: str) -> str:
    """ "1 line", "2 lines"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(number: int) -> str:
    """Bytes as 12 kB, 3.4 MB, 1.2 GB."""
    for unit, step in (("GB", 1e9), ("MB", 1e6)):
        if number >= step:
            return f"{number / step:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def folded(text: str, width: int | None, indent: str = INDENT) -> str:
    """A line in lines of at most `width` characters, the later ones indented; None: as it is.

    Breaks at spaces alone, and not between backticks: a word that is too long by itself is left to the
    terminal. Its characters are those that are printed (`visible`).
    """
    text = visible(text)
    if width is None or len(text) <= width:
        return text
    lines = [""]
    end = 0
    for word in _WORD.finditer(text):
        space = text[end : word.start()]
        end = word.end()
        if lines[-1].strip() and len(lines[-1]) + len(space) + len(word[0]) > width:
            lines.append(indent + word[0])
        else:
            lines[-1] += space + word[0]
    return "\n".join(lines)


def cut(text: str, width: int | None) -> str:
    """A line that is no longer than `width`; the rest shown by three dots. None: as it is."""
    text = visible(text)
    return text if width is None or len(text) <= width else f"{text[: max(width - 1, 0)]}…"


ERASE_LINE = "\r\x1b[K"
COLOURS = {"error": "1;31", "warning": "33", "needs review": "33"}
# At the head of a message, behind the name of the program or a place.
_LEVEL = re.compile(r"(?<=: )(?:error|warning|needs review)(?=: )")


def debugging() -> bool:
    """Whether tracebacks and the warnings of libraries are wanted (`CSM_DEBUG=1`)."""
    return os.environ.get("CSM_DEBUG", "") not in ("", "0")


def settle_libraries() -> None:
    """Keep the libraries' warnings and progress bars off the screen, unless debugging; numpy on one thread.

    The products of a chapter are small, and threads that wait for more of them keep the cores from the rest.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported
    if sys.platform == "darwin":  # what torch has no Metal kernel for is computed on the processor
        os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    if not debugging():
        warnings.simplefilter("ignore")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        if not is_terminal(sys.stderr):
            os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person watches the stream on a screen that can redraw a line."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


Paint = Callable[[str], str]
"""Puts colours into a row that is printed as it stands otherwise."""


def emit(row: str, paint: Paint | None = None) -> None:
    """Print a row of primary output: the name of a file, a row of a table.

    If its reader has gone, the rest is dropped in silence and the work goes on.

    Raises:
        CsmError: it cannot be written.
    """
    emit_rows([row], paint)


def emit_rows(rows: Iterable[str], paint: Paint | None = None) -> None:
    """Print rows of primary output together; otherwise as `emit`."""
    safe = [visible(row) for row in rows]
    _write("".join(f"{paint(row) if paint else row}\n" for row in safe))


def emit_json(value: Any, indent: int | None = 2) -> None:
    """Print a value as JSON, which says the same in any encoding of stdout; otherwise as `emit`. Figures that
    JSON has not are left out.
    """
    value = finite(value)
    text = json_visible(json.dumps(value, indent=indent, ensure_ascii=False))
    _write((text if _can_show(text) else json.dumps(value, indent=indent)) + "\n")


def emit_script(text: str) -> None:
    """Print the text of a script in UTF-8, as a file would hold it; otherwise as `emit`."""
    _write(text, "utf-8")


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _write(text: str, encoding: str | None = None) -> None:
    """Write to stdout: in `encoding`, else in its own, where characters that it lacks are shown escaped."""
    if _busy and is_terminal(sys.stdout):
        _erase()
    try:
        if _can_show(text) or not hasattr(sys.stdout, "buffer"):
            sys.stdout.write(text)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(encoding or sys.stdout.encoding, "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        _detach(sys.stdout)
    except OSError as error:
        _detach(sys.stdout)
        raise unwritten(error) from error


def note(text: str) -> None:
    """Tell the person something, in one line on stderr; on a terminal it is broken between words."""
    _write_note(folded(f"csm: {text}", columns(sys.stderr)))


def aside(row: str) -> None:
    """Print a row on stderr as it stands, whatever its length: of a table, a command."""
    _write_note(f"  {visible(row)}")


def offer(words: Sequence[str]) -> None:
    """Print a command on stderr, ready to be copied: alone on its line, whatever its length."""
    aside(" ".join(map(_quoted, words)))


def _quoted(word: str) -> str:
    """A word for a shell; one that cannot be shown as it is as $'…', which bash, zsh and ksh read."""
    if visible(word) == word:
        return shlex.quote(word)
    slashed = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{visible(slashed)}'"


def coloured(stream: TextIO) -> bool:
    """Whether colours may be used on the stream."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def _write_note(text: str) -> None:
    if coloured(sys.stderr):
        text = highlighted(text)
    with suppress(BrokenPipeError):
        if _busy:
            _erase()
        print(text, file=sys.stderr, flush=True)
        if _busy:
            _show(_busy[-1])


def columns(stream: TextIO) -> int | None:
    """How many characters a line of the screen holds; None where the stream is none."""
    if not is_terminal(stream):
        return None
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or None
    return None


def edited(question: str, text: str) -> str:
    """What a person makes of `text`, which stands on the line already to be mended; "" keeps it."""
    try:
        import readline
    except ImportError:  # Windows
        readline = None  # type: ignore[assignment]
    # Python edits lines, and asks, on stdout: not where our output goes to a file.
    if readline is None or not is_terminal(sys.stdout):
        import typer

        return str(typer.prompt(question, default=text, err=True))
    readline.set_startup_hook(lambda: readline.insert_text(text))
    try:
        return input(f"{question}: ").strip() or text
    except EOFError as error:
        raise KeyboardInterrupt from error
    finally:
        readline.set_startup_hook()


stops: list[int] = []
"""Signals that have come to end this process."""


def heed_stops() -> None:
    """Raise KeyboardInterrupt if a signal has come: the one that its handler raised is lost where a library
    was in a callback.
    """
    if stops:
        raise KeyboardInterrupt


def flush() -> None:
    """Empty stdout before the process ends, so that a reader that has gone causes no message at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _detach(sys.stdout)


def highlighted(text: str) -> str:
    """A message with the word that says how bad it is in its colour."""
    return _LEVEL.sub(lambda found: f"\x1b[{COLOURS[found[0]]}m{found[0]}\x1b[0m", text, count=1)


_busy: list[str] = []
"""What `busy` shows, the last of it on the screen."""


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show `text` on a terminal while something takes its time; it leaves no trace."""
    if not is_terminal(sys.stderr):
        yield
        return
    _busy.append(visible(f"csm: {text} …"))
    _show(_busy[-1])
    try:
        yield
    finally:
        _busy.pop()
        _erase()


def draw(text: str) -> None:
    """Show `text` in the place of what the line of the terminal held; nothing where no person watches.

    "" leaves the line empty.
    """
    if is_terminal(sys.stderr):
        _show(ERASE_LINE + visible(f"csm: {text}") if text else ERASE_LINE)


def _show(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _erase() -> None:
    _show(ERASE_LINE)


def report(error: BaseException) -> int:
    """Print what went wrong, in one line (a script's problems: one line each).

    Returns:
        The exit code.
    """
    if debugging():
        import traceback

        for part in traceback.format_exception(error):
            print("\n".join(map(visible, part.rstrip("\n").split("\n"))), file=sys.stderr)
    if isinstance(error, UnreadableScript):
        _error(error.line)
        return error.exit_code
    if isinstance(error, ScriptError):
        for problem in error.problems:
            _write_note(folded(problem, columns(sys.stderr)))
        _error(f"{count(error.number, 'problem')} in the script")
        return error.exit_code
    if isinstance(error, CsmError):
        _error(str(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        note("interrupted")
        return 130
    if isinstance(error, BrokenPipeError):
        _detach(sys.stdout)
        return 0
    if isinstance(error, OSError) and (found := of_system(error)):
        _error(str(found))
        return found.exit_code
    if is_full(error):
        too_large = os.strerror(errno.EFBIG) in str(error)
        remedy = remedy_of(OSError(errno.EFBIG if too_large else errno.ENOSPC, ""))
        _error(f"nothing more can be written ({first_line(error)}); {remedy}")
        return 1
    if hasattr(error, "format_message"):
        return _usage(error)
    _error(f"internal: {type(error).__name__}: {error}; set CSM_DEBUG=1 to see the traceback")
    return 1


def _usage(error: BaseException) -> int:
    """Complaints of the option parser, recognised by their shape: typer keeps moving their classes."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message())  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # what a library says before our own words
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        command = context.command_path if context else "csm"
        hint = f"see {command} --help"
        if type(error).__name__ == "NoSuchOption" and not getattr(error, "possibilities", None):
            hint += ", or put -- in front of what begins with a dash and is no option"
        if command.endswith(" say") and "unexpected extra argument" in message:
            hint += ", or put the whole text in quotes"
        _error(f"{' '.join(message.split()).rstrip('.')}; {hint}")
    return 2


def _error(text: str) -> None:
    note("error: " + " ".join(text.split()))


def _detach(stream: TextIO) -> None:
    """Send what is still written to `stream` nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
