"""Rows of figures in a file of JSON lines, written as they come; an ended run goes on from them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from csm_cli.core.errors import CsmError

Row = dict[str, Any]
"""Figures of one line; `condition` and `file` say which."""


class Results:
    """The rows of one file.

    Args:
        path: the file; made if it is not there.
        subject: what the figures are of, such as the checkpoint's hash and the sampling. Rows of another
            subject are never mixed in.

    Attributes:
        rows: all of them, in the order in which they were added.

    Raises:
        CsmError: the file holds rows of another subject, or is damaged before its last line.
    """

    def __init__(self, path: Path, subject: Row):
        self.path, self.rows = path, list[Row]()
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []
        whole = [line for line in lines if line.endswith("\n")]  # a killed run may leave half a line
        try:
            read = [json.loads(line) for line in whole]
        except ValueError:
            raise CsmError("is damaged", where=str(path), remedy="delete it, or name another file") from None
        if read and read[0] != {"subject": subject}:
            raise CsmError(
                "holds figures of another checkpoint, sampling or material",
                where=str(path),
                remedy="delete it, or name another file with --out",
            )
        self.rows = read[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(whole) != len(lines) or not read:
            header = json.dumps({"subject": subject}) + "\n"
            path.write_text("".join(whole) or header, "utf-8")

    def done(self, condition: str) -> set[str]:
        """The files that a condition has rows of."""
        return {row["file"] for row in self.rows if row["condition"] == condition}

    def add(self, rows: Iterable[Row]) -> None:
        """Appends rows, on the disk too."""
        new = list(rows)
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
        self.rows += new
