"""Files of a script, none of them trusted: read within limits, decoded, parsed as XML, included."""

from __future__ import annotations

import codecs
import errno
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from csm_cli.core.errors import ScriptError, UnreadableScript
from csm_cli.core.reading import open_file, read_file
from csm_cli.core.visible import REFUSED, described, without_refused
from csm_cli.script.document import CastMember, Screenplay
from csm_cli.script.problems import (
    MAX_BYTES,
    MAX_CONTROL_CHARACTERS,
    MAX_INCLUDE_DEPTH,
    MAX_INCLUDED_BYTES,
    MAX_INCLUDES,
    MAX_ROWS,
    MAX_TAGS,
    Problems,
    Source,
    SourceText,
    not_there,
    shown,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

STDIN = Path("-")
"""A script on standard input."""
_OTHER_ENCODINGS = dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "UTF-32")
_OTHER_ENCODINGS |= dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "UTF-16")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The content of a file; `-` is standard input.

    Raises:
        ScriptError: it cannot be read, is no regular file, or is larger than `most` bytes.
    """
    try:
        if path != STDIN:
            return read_file(path, most)
        if len(data := _piped()) <= most:
            return data
        fault: Exception = OSError(errno.EFBIG, "")
    except FileNotFoundError:
        raise not_there(path) from None
    except (OSError, ValueError) as error:
        fault = error
    if (number := getattr(fault, "errno", 0)) == errno.EISDIR:
        raise UnreadableScript("this is a folder, not a script", where=str(path), exit_code=2)
    large = f"larger than {most >> 20} MiB; split it into several scripts and include them"
    usual = f"cannot be read: {getattr(fault, 'strerror', None) or fault}"
    raise ScriptError([f"{path}: error: {large if number == errno.EFBIG else usual}"])


@cache
def _piped() -> bytes:
    """The content of standard input, which can be read only once."""
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def read_source(path: Path, encoding: str = "utf-8") -> SourceText:
    """Read and decode a script file.

    Raises:
        ScriptError: the file cannot be read, is too large, or does not `decode`.
    """
    return decode(str(path), read_bytes(path), encoding)


def decode(name: str, data: bytes, encoding: str = "utf-8") -> SourceText:
    """The text in `data`; `name` is that of the file in messages.

    Raises:
        ScriptError: `data` is not in that encoding, or has control characters or too many rows.
    """
    problems = Problems()
    if encoding == "utf-8":
        for mark, other in _OTHER_ENCODINGS.items():
            if data.startswith(mark):
                raise ScriptError([f"{name}:1:1: error: this file is {other}; save it as UTF-8"])
    try:
        source = SourceText(name, _plain_lines(data.decode(encoding)))
    except UnicodeDecodeError as fault:
        if encoding != "utf-8":
            raise ScriptError([f"{name}: error: not {encoding}: {fault.reason}"]) from None
        before = SourceText(name, _plain_lines(data[: fault.start].decode("utf-8")))
        byte = data[fault.start]
        problems.add(before.at(len(before.text)), f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
    else:
        if source.rows > MAX_ROWS:
            raise ScriptError(
                [f"{name}: error: {source.rows} rows; {MAX_ROWS} are the most: divide the script"]
            )
        for match in islice(REFUSED.finditer(source.text), MAX_CONTROL_CHARACTERS):
            problems.add(source.at(match.start()), f"{described(match[0])}; remove it")
    problems.check()
    return source


def _plain_lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def parse_xml(data: bytes, name: str) -> _Element:
    """The root of an XML document. No network, no DTD; nesting is bounded by lxml (`huge_tree`).

    Raises:
        ScriptError: it declares entities, has too many tags, or is not well-formed.
    """
    from lxml import etree

    _check_markup(data, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        line = getattr(fault, "lineno", None) or 1
        what = str(getattr(fault, "msg", None) or fault).splitlines()[0]
        raise ScriptError([f"{name}:{line}:1: error: not well-formed XML: {what}"]) from None
    if root is None:
        raise ScriptError([f"{name}: error: not well-formed XML: it is empty"])
    return root


def parse_page(data: bytes, name: str) -> _Element | None:
    """The root of an (X)HTML page, repaired if it is not well-formed; None for an empty one.

    Raises:
        ScriptError: it declares entities, or has too many tags.
    """
    from lxml import etree

    _check_markup(data, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(_plain_entities(data), parser)
        if root is not None:
            return root
    except (etree.XMLSyntaxError, ValueError):
        pass
    broken = etree.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, recover=True)
    try:
        return etree.fromstring(data, broken)
    except (etree.XMLSyntaxError, ValueError):
        return None


def plain(text: str) -> str:
    """`text` on one line, without refused characters: a page may contain some, as `&#27;`."""
    return " ".join(without_refused(text, " ").split())


def local_name(element: _Element) -> str:
    """The name of an element without its namespace, in lower case; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _check_markup(data: bytes, name: str) -> None:
    if _ENTITY.search(data.replace(b"\0", b"")):  # in UTF-16 as well
        raise ScriptError([f"{name}: error: declares entities of its own; that is refused"])
    if data.count(b"<") > MAX_TAGS:
        raise ScriptError([f"{name}: error: has more than {MAX_TAGS} tags; divide it"])


def _plain_entities(data: bytes) -> bytes:
    """`data` with the named entities of HTML, which XML does not define, as character references."""
    import html

    def one(match: re.Match[bytes]) -> bytes:
        if match[1] in (b"amp", b"lt", b"gt", b"quot", b"apos"):
            return match[0]
        char = html.unescape(match[0].decode("ascii"))
        return match[0] if char.startswith("&") else "".join(f"&#{ord(c)};" for c in char).encode()

    return re.sub(rb"&([A-Za-z][A-Za-z0-9]{1,31});", one, data)


SOUND_ENDINGS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aif", ".aiff")
INCLUDED_ENDINGS = (".yaml", ".yml", ".md", ".markdown", ".fountain", ".spmd", ".txt", ".json")


@dataclass
class ParseState:
    """Shared by a script and the scripts that it includes while they are parsed.

    Args:
        root: folder of the script; files that it names must be inside.
        read: parses an included script.
        problems: of all files.
        expand: False: variables and includes are kept, to be written again.
        cast: characters that an included script inherits.
        variables: those that an included script inherits.
        encoding: of text files.
        lines: spoken lines so far, for `MAX_LINES`.
        contents: of files that are read so, not as they are on the disk; by resolved path.
    """

    root: Path
    read: Callable[[Path, ParseState], Screenplay | None]
    problems: Problems = field(default_factory=Problems)
    expand: bool = True
    cast: dict[str, CastMember] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    lines: int = 0
    contents: Mapping[Path, bytes] = field(default_factory=dict)
    _stack: list[Path] = field(default_factory=list)
    _includes: int = 0
    _included_bytes: int = 0

    def find(self, name: str, source: Source, what: str, endings: tuple[str, ...]) -> Path | None:
        """The path of a file that a script names at `source`; None and a problem if it cannot be used.

        `name` is relative to the naming file; `what` is "the sound", for messages.
        """
        fault = ""
        path = Path(source.path).parent / name
        try:
            if not name.strip():
                fault = f"{what} needs the name of a file"
            elif Path(name).is_absolute() or not path.resolve().is_relative_to(self.root.resolve()):
                fault = f'{what} "{shown(name)}" leads out of the script\'s folder; put a copy into it'
            elif path.suffix.lower() not in endings:
                fault = f'{what} "{shown(name)}" must end in one of {", ".join(endings)}'
            else:
                open_file(path).close()
        except FileNotFoundError:
            fault = f'{what} "{shown(name)}" is not there'
        except PermissionError:
            pass  # whoever reads it says so
        except (OSError, ValueError, RuntimeError) as error:  # a name too long, with a NUL; links in a circle
            why = str(getattr(error, "strerror", None))
            why = why if why.startswith("it is ") else "it is not a file name that can be used"
            fault = f'{what} "{shown(name)}" cannot be read: {why}'
        if fault:
            self.problems.add(source, fault)
            return None
        return path

    def find_script(self, name: str, source: Source) -> Path | None:
        """The path of a script to include, as `find`."""
        return self.find(name, source, "the included script", INCLUDED_ENDINGS)

    def include(self, name: str, source: Source) -> Screenplay | None:
        """Parse the script that is included at `source`; None and a problem if that is impossible."""
        self._includes += 1
        if self._includes > MAX_INCLUDES:  # before any file is touched: there may be a million of them
            self.problems.add(source, f"more than {MAX_INCLUDES} includes")
            return None
        path = self.find_script(name, source)
        if path is None:
            return None
        size = path.stat().st_size
        here = path.resolve()
        if here in self._stack:
            self.problems.add(source, f'"{shown(name)}" includes itself')
        elif len(self._stack) > MAX_INCLUDE_DEPTH:
            self.problems.add(source, f"includes nested more than {MAX_INCLUDE_DEPTH} deep")
        elif self._included_bytes + size > MAX_INCLUDED_BYTES:
            most = f"{MAX_INCLUDED_BYTES >> 20} MiB"
            self.problems.add(source, f"the included scripts are larger than {most} together")
        else:
            self._included_bytes += size
            try:
                return self.read(path, self)
            except ScriptError as error:  # the file cannot be read
                self.problems.add(source, error.problems[0].replace(": error: ", ": ", 1))
        return None

    @contextmanager
    def within(self, path: Path) -> Iterator[None]:
        """Scope of the parsing of the script at `path`; detects scripts that include themselves."""
        try:
            self._stack.append(path.resolve())
        except (OSError, ValueError, RuntimeError) as fault:
            reason = getattr(fault, "strerror", None) or fault
            raise ScriptError([f"{path}: error: cannot be read: {reason}"]) from None
        try:
            yield
        finally:
            self._stack.pop()
