"""What a script and the scripts that it includes share while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import CastMember, Screenplay, Source
from csm_cli.script.problems import MAX_INCLUDE_DEPTH, MAX_INCLUDED_BYTES, MAX_INCLUDES, Problems, shown

SOUND_ENDINGS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aif", ".aiff")


@dataclass
class Reading:
    """One reading of a script.

    Args:
        root: the folder that no file named in the script may lie outside of.
        read: reads an included script.
        problems: where faults are noted.
        expand: False: variables and includes stay as they are, to be written again.
        cast: characters that an included script knows from the one around it.
        variables: the same for variables.
        encoding: of text files.
        lines: read so far.
    """

    root: Path
    read: Callable[[Path, Reading], Screenplay | None]
    problems: Problems = field(default_factory=Problems)
    expand: bool = True
    cast: dict[str, CastMember] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    lines: int = 0
    _stack: list[Path] = field(default_factory=list)
    _includes: int = 0
    _bytes: int = 0  # of included scripts

    def find(self, name: str, source: Source, what: str, endings: tuple[str, ...]) -> Path | None:
        """The file that the script names at `source`; None, with a problem noted, if it cannot be used.

        Names are relative to the file that holds them.
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
            elif not path.is_file():
                fault = f'{what} "{shown(name)}" is not there'
        except (OSError, ValueError, RuntimeError):  # too long a name, a NUL, links in a circle
            fault = f'{what} "{shown(name)}" is not a file name that can be used'
        if fault:
            self.problems.add(source, fault)
            return None
        return path

    def include(self, name: str, source: Source, endings: tuple[str, ...]) -> Screenplay | None:
        """The script that another includes at `source`; None, with a problem noted, if it cannot be."""
        self._includes += 1
        if self._includes > MAX_INCLUDES:  # nothing more is looked for: there may be a million of them
            self.problems.add(source, f"more than {MAX_INCLUDES} includes")
            return None
        path = self.find(name, source, "the included script", endings)
        if path is None:
            return None
        size = path.stat().st_size
        here = path.resolve()
        if here in self._stack:
            self.problems.add(source, f'"{shown(name)}" includes itself')
        elif len(self._stack) > MAX_INCLUDE_DEPTH:
            self.problems.add(source, f"includes nested more than {MAX_INCLUDE_DEPTH} deep")
        elif self._bytes + size > MAX_INCLUDED_BYTES:
            most = f"{MAX_INCLUDED_BYTES >> 20} MiB"
            self.problems.add(source, f"the included scripts are larger than {most} together")
        else:
            self._bytes += size
            try:
                return self.read(path, self)
            except ScriptError as error:  # not readable at all
                self.problems.add(source, error.problems[0].replace(": error: ", ": ", 1))
        return None

    @contextmanager
    def within(self, path: Path) -> Iterator[None]:
        """While the script at `path` is read."""
        try:
            self._stack.append(path.resolve())
        except (OSError, ValueError, RuntimeError) as fault:
            raise ScriptError([f"{path}: error: cannot be read: {fault}"]) from None
        try:
            yield
        finally:
            self._stack.pop()
