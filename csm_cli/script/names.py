"""Names of characters, compared: the same letters in other code points are the same name, and so are capitals
and small letters where no two characters differ in them alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from csm_cli.script.document import CastMember


def composed(name: str) -> str:
    """`name` in NFC, with single spaces."""
    name = " ".join(name.split())
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def name_key(name: str) -> str:
    """What two spellings of a name have in common: NFC, case-folded, with single spaces."""
    return composed(composed(name).casefold())


class Names:
    """Finds characters by the spellings of their names and aliases.

    Args:
        pairs: spellings with the character of each; of an equal spelling the last counts.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()):
        self._spelled: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for spelling, name in pairs:
            self.add(spelling, name)

    @classmethod
    def of(cls, cast: Mapping[str, CastMember]) -> Names:
        """Those of a cast, aliases included."""
        aliases = [(alias, member.name) for member in cast.values() for alias in member.aliases]
        return cls([*aliases, *((name, name) for name in cast)])

    def add(self, spelling: str, name: str) -> None:
        """Add a spelling of the name of a character."""
        self._spelled[composed(spelling)] = name
        if self._folded.setdefault(name_key(spelling), name) != name:
            self._folded[name_key(spelling)] = ""  # Anna and ANNA are two, and "anna" is neither

    def exactly(self, spelling: str) -> str | None:
        """The character whose name has these letters, in these capitals."""
        return self._spelled.get(spelling) or self._spelled.get(composed(spelling))

    def find(self, spelling: str) -> str | None:
        """The character whose name it is, else the one whose name differs in capitals alone."""
        return self.exactly(spelling) or self._folded.get(name_key(spelling)) or None
