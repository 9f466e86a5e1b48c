"""Where in its file a part of a line stands: a line knows its beginning only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from csm_cli.core.errors import ScriptError
from csm_cli.script.document import Line, Source
from csm_cli.script.problems import Level, Problems
from csm_cli.script.source_text import SourceText, read_source

_WORDS = 8
"""Enough to know a part by."""


class Places:
    """Finds parts of these lines in their files, which are read when the first is looked for."""

    def __init__(self, lines: Sequence[Line], problems: Problems):
        self._lines, self._problems = lines, problems
        self._files: dict[str, SourceText | None] = {}

    def find(self, line: Line, part: str, level: Level) -> Source:
        """Where `part` of a line's text stands; where the line begins, if its file words it otherwise.

        Nothing is looked for if a finding of this level would not be told anyway.
        """
        file = self._file(line.source.path) if self._problems.keeps(level) else None
        if file is None:
            return line.source
        first = file.index(line.source)
        after = self._ends.get(line.source)
        last = file.index(after) if after else len(file.text)
        begin = file.text.find(part, first, last)
        if begin < 0 and " " in part:
            words = re.compile(r"[\s\\]+".join(map(re.escape, part.split()[:_WORDS])))
            found = words.search(file.text, first, max(first, last))
            begin = found.start() if found else -1
        return line.source if begin < 0 else file.at(begin)

    @cached_property
    def _ends(self) -> dict[Source, Source]:
        """Where the next line begins, of lines that have one in the same file."""
        sources = pairwise(line.source for line in self._lines)
        return {here: after for here, after in sources if here.path == after.path}

    def _file(self, path: str) -> SourceText | None:
        if path not in self._files:
            try:
                self._files[path] = read_source(Path(path))
            except ScriptError:  # an e-book has pages, no rows
                self._files[path] = None
        return self._files[path]
