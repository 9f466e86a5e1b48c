"""What would go wrong on Windows and macOS, as far as it can be seen on another system."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from csm_cli.cli import console
from csm_cli.core import is_device_name, runtime
from csm_cli.core.errors import UsageError
from csm_cli.delivery.book import book_stem, chapter_stem
from csm_cli.editing.lines import split_name
from csm_cli.lint.script import check_script
from csm_cli.rendering import project
from csm_cli.script import read_screenplay
from csm_cli.takes.place import place_from
from csm_cli.voices.names import check_label, check_name, is_file_name

ROOT = Path(__file__).parents[1]

IMPORTS = """
import importlib, os, pkgutil, signal, socket, sys, time
import csm_cli

def load():
    names = [each.name for each in pkgutil.walk_packages(csm_cli.__path__, "csm_cli.")]
    for name in names:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    return len(names)

load()  # and with them all libraries, which have ways of their own on other systems
for name in [name for name in sys.modules if name.startswith("csm_cli.")]:
    del sys.modules[name]
for name in "curses fcntl grp posix pty pwd readline resource syslog termios tty".split():
    sys.modules[name] = None
absent = {
    os: "O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC WNOHANG chown fchmod fchown fork getegid "
        "geteuid getgid getloadavg getpgid getuid killpg lchown mkfifo nice posix_fadvise pread pwrite "
        "register_at_fork sched_getaffinity sendfile setsid statvfs sync sysconf uname wait3",
    signal: "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH "
        "alarm pause pthread_kill pthread_sigmask setitimer sigwait",
    socket: "AF_UNIX SO_PEERCRED SO_REUSEPORT",
    time: "tzset",
}
for module, names in absent.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
print(load())
"""


def test_every_module_is_imported_without_what_windows_lacks():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == len(list((ROOT / "csm_cli").rglob("*.py"))) - 1  # the root itself


@pytest.mark.parametrize(
    ("system", "set_by_user", "found"),
    [
        ("darwin", None, "1"),
        ("darwin", "0", "0"),
        ("linux", None, None),
        ("win32", None, None),
    ],
)
def test_on_a_mac_the_processor_computes_what_metal_lacks(system, set_by_user, found, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.delenv("PYTORCH_ENABLE_MPS_FALLBACK", raising=False)
    if set_by_user:
        monkeypatch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", set_by_user)
    with monkeypatch.context() as kept, warnings.catch_warnings():
        for name in ("OPENBLAS_NUM_THREADS", "TRANSFORMERS_VERBOSITY", "HF_HUB_DISABLE_PROGRESS_BARS"):
            kept.setenv(name, "1")
        console.settle_libraries()
        assert os.environ.get("PYTORCH_ENABLE_MPS_FALLBACK") == found
    os.environ.pop("PYTORCH_ENABLE_MPS_FALLBACK", None)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owners here")
def test_there_is_no_folder_for_sockets_where_files_have_no_owners(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime.runtime_dir(make=True) is not None
    monkeypatch.delattr(os, "getuid")
    assert not runtime.has_sockets()
    assert runtime.runtime_dir(make=True) is None


@pytest.mark.parametrize(
    "name",
    ["con", "CON", "Nul.wav", "aux.", "prn .txt", "com1", "LPT9.tar.gz", "com³", "conin$", "nul:stream"],
)
def test_names_of_devices(name):
    assert is_device_name(name)
    assert not is_file_name(name)


@pytest.mark.parametrize(
    "name", ["contents", "con-book", "auxiliary.wav", "com10", "com", "lpt", "_nul", "a.con"]
)
def test_names_that_only_look_like_those_of_devices(name):
    assert not is_device_name(name)
    assert is_file_name(name)


@pytest.mark.parametrize(
    "name", ["take.", "take ", "a.wav ", "C:take.wav", "a/b", "a\\b", "what?", "a*b", "..", ""]
)
def test_names_that_windows_changes_or_refuses(name):
    assert not is_file_name(name)


@pytest.mark.parametrize(
    ("title", "stem"),
    [("Con", "con-book"), ("A.U.X.", "a-u-x"), ("NUL!", "nul-book"), ("Contact", "contact")],
)
def test_no_file_of_a_book_is_a_device(title, stem):
    assert book_stem(title) == stem
    assert not is_device_name(book_stem(title) + ".m4b")
    assert not is_device_name(chapter_stem(1, title) + ".wav")


@pytest.mark.parametrize("check", [check_name, check_label])
def test_no_voice_and_no_clip_is_a_device(check):
    with pytest.raises(UsageError, match=r"'nul' cannot be .*Windows.*'nul-voice'"):
        check("nul")
    assert check("nul-voice") == "nul-voice"


@pytest.mark.parametrize(("system", "free"), [("linux", True), ("darwin", False), ("win32", False)])
def test_folders_that_differ_in_capitals_alone_are_one_where_capitals_do_not_count(system, free, monkeypatch):
    monkeypatch.setattr(project.sys, "platform", system)
    scripts = [Path("Book.md"), Path("book.yaml")]
    if free:
        assert project._folders(scripts, None) == [Path("Book"), Path("book")]
    else:
        with pytest.raises(UsageError, match="the same folder"):
            project._folders(scripts, None)


@pytest.mark.parametrize(
    ("name", "script", "line"),
    [
        ("C:\\books\\book.md:42", "C:\\books\\book.md", "42"),
        ("C:\\books\\book.md:42:7", "C:\\books\\book.md", "42:7"),
        ("D:/books/book.md#k3f9a2b", "D:/books/book.md", "k3f9a2b"),
        ("C:book.md:1", "C:book.md", "1"),
    ],
)
def test_a_line_of_a_script_on_a_drive(name, script, line):
    assert split_name(name, None, None) == (Path(script), line)


@pytest.mark.parametrize("text", ["C:\\takes", "C:/takes", "\\\\server\\share\\takes", "c:takes"])
def test_a_folder_on_a_drive_is_no_url(text):
    assert place_from(text) == Path(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrong.yaml", "title: One\nlines:\n  - narrator: Hello there.\n  - narratr: No.\n"),
        (
            "a.yaml",
            "lines:\n  - narrator: |\n      Hello\n      you.\n  - pause: 1\n  - narrator: A/B.\n",
        ),
        (
            "a.md",
            "---\nvoices: {Anna: bella}\n---\n\n# One\n\nHello\nthere.\n\n**Anna:** No.\n\n---\n\nA/B.\n",
        ),
        (
            "a.fountain",
            "Title: One\nVoices:\n    ANNA: bella\n\n# Act\n\nANNA\n(low)\nHello there.\n\nA/B.\n",
        ),
        ("a.txt", "Chapter 1\n\nHello there. It rained\nall day.\n\nChapter 2\n\n3/4/2021 it was.\n"),
    ],
)
def test_rows_that_end_as_on_windows_are_the_same_rows(name, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, read = [], []
    for ending in ("\n", "\r\n"):
        Path(name).write_bytes(text.replace("\n", ending).encode())
        found.append([each.as_dict() for each in check_script(Path(name))])
        if not name.startswith("wrong"):
            read.append(read_screenplay(Path(name)))
    assert found[0] and found[0] == found[1]
    assert not read or read[0] == read[1]
