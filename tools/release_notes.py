"""Prints what CHANGELOG.md says of a version, for the page of a release: tools/release_notes.py 0.1.0."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes_of(version: str, changelog: str) -> str:
    """The section of a version, without its heading; "" if there is none."""
    found = re.search(
        rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.DOTALL | re.MULTILINE
    )
    return found[1].strip() if found else ""


def main() -> None:
    version = sys.argv[1]
    notes = notes_of(version, CHANGELOG.read_text(encoding="utf-8"))
    if not notes:
        sys.exit(f"CHANGELOG.md: no section [{version}]; rename [Unreleased] and add the date")
    print(notes)


if __name__ == "__main__":
    main()
