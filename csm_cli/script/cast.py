"""The cast while a script is read: which character a line refers to, and in which style it speaks."""

from __future__ import annotations

import re

from csm_cli.script.document import NARRATOR, CastMember
from csm_cli.script.header import Header
from csm_cli.script.names import Names, name_key
from csm_cli.script.problems import Problems, Source, did_you_mean, shown

_NAME_NOTE = re.compile(r"([^()]*[^()\s])\s*\(([^()]*)\)")


class Cast:
    """Finds the character that a line refers to; collects undeclared ones where the header allows them.

    Attributes:
        members: by name: those of the header, and those that were added by lines and included scripts.
    """

    def __init__(self, header: Header, problems: Problems):
        self.members = dict(header.cast)
        self._header, self._problems = header, problems
        self._names = Names.of(header.cast)
        self._suggestions: dict[str, str] = {}

    def resolve(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The character's name for a name or alias, and the delivery note in "Anna (angry)"."""
        name = " ".join(name.split())
        if found := self._find(name):
            return found, ()
        if name.endswith(")") and (match := _NAME_NOTE.fullmatch(name)):
            base = match[1]
            if (found := self._find(base)) or not self._header.strict_cast:
                return found or base, (match[2].strip(),) if match[2].strip() else ()
        return name, ()

    def declares(self, name: str) -> bool:
        """Whether the header has a character of that name or alias, in these capitals."""
        return self._names.exactly(name) in self._header.cast

    def member(self, name: str, source: Source) -> CastMember | None:
        """The character of that name, added if it may be undeclared; None, and an error, if not."""
        if name in self.members:
            return self.members[name]
        if name == NARRATOR or not self._header.strict_cast:
            self.members[name] = CastMember(name, "", None, source)
            self._names.add(name, name)
            return self.members[name]
        if name not in self._suggestions:
            near = did_you_mean(name, [*self._spellings, NARRATOR])
            self._suggestions[name] = near or "; declare it under voices"
        self._problems.add(source, f'unknown speaker "{shown(name)}"{self._suggestions[name]}')
        return None

    def adopt(self, member: CastMember) -> None:
        """Add a character of an included script, unless there is one of that name."""
        if member.name not in self.members:
            self.members[member.name] = member
            self._names.add(member.name, member.name)

    def _find(self, name: str) -> str | None:
        """The character of a name; the narrator, who needs no declaration, under any capitals."""
        return self._names.find(name) or (
            NARRATOR if self._header.strict_cast and name_key(name) == NARRATOR else None
        )

    @property
    def _spellings(self) -> list[str]:
        return [name for member in self.members.values() for name in (*member.aliases, member.name)]

    def style(self, member: CastMember, notes: tuple[str, ...], source: Source) -> str:
        """The first delivery note that is a style of the character; "" if there is none."""
        if not member.styles or not notes:
            return ""
        styles = {name_key(style): style for style in member.styles}
        words = [name_key(word) for note in notes for word in (note, *note.split(","))]
        for word in words:
            if word in styles:
                return styles[word]
        if near := did_you_mean(words[0], member.styles):
            what = f'"{shown(notes[0])}" is no style of {shown(member.name)}'
            self._problems.add(source, what + near, "warning")
        return ""
