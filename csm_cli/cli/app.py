"""`csm`: hands the arguments to a command, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import typer

from csm_cli.cli import (
    bench,
    cast,
    check,
    console,
    convert,
    import_,
    lexicon,
    lint,
    master,
    models,
    render,
    review,
    say,
    serve,
    serve_queue,
    takes,
    train,
    voices,
)
from csm_cli.cli.help import App, Group
from csm_cli.cli.options import CONTEXT_SETTINGS


@contextmanager
def stoppable() -> Iterator[None]:
    """Note SIGINT and SIGTERM in `console.stops`, and turn them into KeyboardInterrupt.

    Only the main thread receives signals; elsewhere nothing is changed, nor where SIGINT is ignored. A second
    SIGTERM ends the process at once, as it would have without this.
    """
    console.stops.clear()

    def stop(number: int, frame: FrameType | None) -> None:
        console.stops.append(number)
        if number == signal.SIGTERM:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


app = App(
    cls=Group,
    name="csm",
    help="Turn scripts into spoken chapters.",
    epilog="Exit codes: 0 done, 1 a file cannot be written, or a fault of csm, 2 usage, 3 script invalid, "
    "4 file, voice, model or tool missing, 5 done but lines need review, 6 a check fails, 130 interrupted, "
    "143 terminated.",
    context_settings=CONTEXT_SETTINGS,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
# Help on one line each: typer cuts longer sentences off.
app.command(short_help="Say a text and write it to a file.")(say.say)
app.command(short_help="Render scripts into chapter files.")(render.render)
app.command(short_help="Listen through a rendered script, judge and mend its lines.")(review.review)
app.command(short_help="Speak for other programs: OpenAI's speech interface.")(serve.serve)
app.command(
    "serve-queue",
    short_help="Render what is put into a folder.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(serve_queue.serve_queue)
app.command(short_help="Check scripts: everything wrong or doubtful, at once.")(lint.lint)
app.command(short_help="Count what each character of a script has to say.")(cast.cast)
app.command(short_help="Write a script in YAML as Markdown, or the other way.")(convert.convert)
app.command("import", short_help="Make a script of an e-book, a play or a text.")(import_.import_)
app.command(short_help="Make other files from the same takes, without a model.")(master.master)
app.command(short_help="Measure delivered files against what a shop asks for.")(check.check)
app.command(short_help="Fine-tune a model on recordings.")(train.train)
app.command(short_help="Measure speed and correctness on this machine.")(bench.bench)
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(takes.app, name="takes")
app.add_typer(voices.app, name="voices")
app.add_typer(models.app, name="models")


def _version(asked: bool) -> None:
    if asked:
        from csm_cli.core import __version__

        console.emit(f"csm {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and exit.

    Args:
        arguments: without the program's name; None: those of the process.
    """
    console.settle_libraries()
    command = typer.main.get_command(app)
    with stoppable():
        try:
            code = command.main(arguments, prog_name="csm", standalone_mode=False)
            if code == 130:
                console.note("interrupted")
        except (Exception, KeyboardInterrupt) as error:
            code = console.report(error)
        console.flush()
    if code == 130:
        # An interrupt that passed through an `exec` of a text, as dataclasses are made by when a library is
        # imported, makes `python -m csm_cli` kill itself by SIGINT in the end, though it was caught. The next
        # such text clears that.
        exec("")
        code = 143 if signal.SIGTERM in console.stops else 130
    sys.exit(code if isinstance(code, int) else 0)
