"""Which names of a book are the same person: "Elizabeth Bennet", "Miss Bennet", "Lizzy"."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from csm_cli.script.attribution.words import Gender, Words, words_of

_SPELLINGS = {
    "mr.": "mr", "mrs.": "mrs", "ms.": "ms", "dr.": "dr", "doctor": "dr", "capt": "captain",
    "capt.": "captain", "prof": "professor", "prof.": "professor", "sgt": "sergeant", "col.": "colonel",
    "lt.": "lieutenant",
    "rev": "reverend", "rev.": "reverend", "m.": "monsieur", "mme": "madame", "mlle": "mademoiselle",
    "doktor": "dr", "dr": "dr",
}  # fmt: skip
MARRIED = frozenset(("mrs", "madame", "frau", "señora", "signora", "lady"))
_UNMARRIED = frozenset(("miss", "mademoiselle", "fräulein", "señorita", "signorina"))


@dataclass
class Seen:
    """How a name is used.

    Attributes:
        tags: times it is said to speak, by chapter.
        acts: times it is the subject of narration beside a quotation.
        mentions: times it stands in narration at all.
        called: times it is spoken to.
        genders: votes of the pronouns that refer to it.
    """

    tags: Counter[int] = field(default_factory=Counter)
    acts: int = 0
    mentions: int = 0
    called: int = 0
    genders: Counter[str] = field(default_factory=Counter)

    @property
    def weight(self) -> int:
        """How much it is used."""
        return 4 * sum(self.tags.values()) + 2 * self.acts + self.called + self.mentions


def spelling(title: str) -> str:
    """A title in its one spelling: "dr" for "Dr." and "Doctor"."""
    low = title.lower()
    return _SPELLINGS.get(low, low)


def split_name(name: str, words: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(Titles, the other names)."""
    parts = name.split()
    at = 0
    while at < len(parts) and parts[at] in words.titles:
        at += 1
    return tuple(spelling(title) for title in parts[:at]), tuple(parts[at:])


def title_gender(name: str, words: Words) -> Gender:
    """The gender that a name's title tells; "" if none does."""
    for part in name.split():
        if part not in words.titles:
            return ""
        if words.titles[part]:
            return words.titles[part]
    return ""


def first_name_gender(name: str, words: Words) -> Gender:
    """The gender that a name's first name tells; "" if it is not known, or a family name."""
    titles, rest = split_name(name, words)
    if not rest or (titles and len(rest) == 1 and not title_gender(name, words)):
        return ""
    return words.names.get(rest[0], "")


def gender_of_name(name: str) -> Gender:
    """The gender that a title, a first name or the noun of a description tells; "" if none does.

    A name in capitals, as in plays, is read like any other.
    """
    words = words_of("en")
    name = name.title() if name.isupper() else name
    told = title_gender(name, words) or first_name_gender(name, words)
    return told or words.gender_of(name.split()[-1].lower())


def groups_of(names: dict[str, Seen], words: Words) -> list[list[str]]:
    """The names, those of the same person together."""
    joiner = _Joiner(names, words)
    joiner.join_first_names()
    joiner.join_titles()
    joiner.join_family_names()
    joiner.join_nicknames()
    return joiner.groups()


class _Joiner:
    """Joins names of the same person, one kind of likeness after the other."""

    def __init__(self, names: dict[str, Seen], words: Words):
        self._names, self._words = names, words
        self._parts = {name: split_name(name, words) for name in names}
        self._group = {name: [name] for name in names}
        same: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        for name, parts in self._parts.items():
            self._join(same.setdefault(parts, name), name)  # Mr. Hill, Mr Hill

    def groups(self) -> list[list[str]]:
        """The names in groups."""
        return list({id(group): group for group in self._group.values()}.values())

    def join_first_names(self) -> None:
        """Tom Hill and Tom, if there is no other Tom with a family name."""
        for name, (_, rest) in self._parts.items():
            if len(rest) > 1:
                namesakes = [each for each, (_, r) in self._parts.items() if len(r) > 1 and r[0] == rest[0]]
                alone = [each for each, (t, r) in self._parts.items() if r == rest[:1] and not t]
                if alone and self._are_one(namesakes):
                    self._join(name, alone[0])

    def join_titles(self) -> None:
        """Miss Bennet and Elizabeth Bennet, if there is no other with that title or name."""
        for name, (titles, rest) in self._parts.items():
            if not titles or len(rest) != 1:
                continue
            whole = [each for each, (_, r) in self._parts.items() if len(r) > 1 and r[-1] == rest[0]]
            rivals = [each for each, (t, r) in self._parts.items() if t and r == rest]
            if set(titles) & MARRIED and not any(set(self._parts[each][0]) & MARRIED for each in whole):
                continue  # Mrs. Hill and Anna Hill may be mother and daughter
            fitting = [each for each in whole if not self._differ(name, each)]
            rivals = [each for each in rivals if not self._differ(each, name)]
            if fitting and self._are_one(fitting) and self._are_one(rivals):
                self._join(fitting[0], name)

    def join_family_names(self) -> None:
        """Mr. Hill and Hill, if there is no other of that family."""
        for name, (titles, rest) in self._parts.items():
            if titles or len(rest) != 1:
                continue
            bearers = [
                each for each, (t, r) in self._parts.items() if r and r[-1] == rest[0] and (t or len(r) > 1)
            ]
            if bearers and self._are_one(bearers):
                self._join(bearers[0], name)

    def join_nicknames(self) -> None:
        """Elizabeth and Lizzy, if only one of them is the narrator's name for her in any chapter."""
        for name, (titles, rest) in self._parts.items():
            full = self._words.nicknames.get(rest[0]) if len(rest) == 1 and not titles else None
            bearers = [each for each, (_, r) in self._parts.items() if full and r and r[0] == full]
            mine = set(self._names[name].tags)
            both = any(mine & set(self._names[each].tags) for each in bearers)
            if bearers and self._are_one(bearers) and not both:
                self._join(bearers[0], name)

    def _are_one(self, names: list[str]) -> bool:
        """Whether all these names are in one group."""
        return len({id(self._group[name]) for name in names}) <= 1

    def _join(self, name: str, other: str) -> None:
        mine, others = self._group[name], self._group[other]
        if mine is others or self._differ(name, other):
            return
        mine += others
        for each in others:
            self._group[each] = mine

    def _differ(self, name: str, other: str) -> bool:
        """Whether titles or genders say that two names are two people."""
        both = (*self._group[name], *self._group[other])
        genders = {title_gender(each, self._words) or first_name_gender(each, self._words) for each in both}
        titles = {title for each in both for title in self._parts[each][0]}
        return {"m", "f"} <= genders or bool(titles & MARRIED and titles & _UNMARRIED)
