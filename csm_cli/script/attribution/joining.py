"""Which names of a book are the same person: "Elizabeth Bennet", "Miss Bennet", "Lizzy"."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
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
    for part in name.split():
        if part not in words.titles:
            return ""
        if words.titles[part]:
            return words.titles[part]
    return ""


def first_name_gender(name: str, words: Words) -> Gender:
    titles, rest = split_name(name, words)
    if not rest or (titles and len(rest) == 1 and not title_gender(name, words)):
        return ""
    return words.names.get(rest[0], "")


def gender_of_name(name: str) -> Gender:
    """The gender that a title, a first name or the noun of a description tells; "" if none does."""
    words = words_of("en")
    told = title_gender(name, words) or first_name_gender(name, words)
    return told or words.gender_of(name.split()[-1].lower())


def groups_of(names: dict[str, Seen], words: Words) -> list[list[str]]:
    """The names, those of the same person together."""
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    def join(names: Iterable[str]) -> None:
        """Join the two people of these names, unless titles or genders speak against it."""
        roots = list(dict.fromkeys(map(root, names)))
        if len(roots) == 2 and not _differ(*roots):
            parent[roots[1]] = roots[0]

    def _differ(left: str, right: str) -> bool:
        mine = [name for name in names if root(name) == root(left)]
        other = [name for name in names if root(name) == root(right)]
        genders = {title_gender(name, words) or first_name_gender(name, words) for name in (*mine, *other)}
        married = [
            {t in _UNMARRIED for t in split_name(name, words)[0] if words.titles} for name in (*mine, *other)
        ]
        titles = {t for name in (*mine, *other) for t in split_name(name, words)[0]}
        if titles & MARRIED and titles & _UNMARRIED and any(married):
            return True
        return {"m", "f"} <= genders

    split = {name: split_name(name, words) for name in names}
    for name, (titles, rest) in split.items():
        same = [each for each, parts in split.items() if parts == (titles, rest)]
        for each in same:
            join((name, each))
    for name, (_, rest) in split.items():
        if len(rest) < 2:
            continue
        given = [each for each, (t, r) in split.items() if r == rest[:1] and not t]
        namesakes = {root(each) for each, (_, r) in split.items() if len(r) > 1 and r[0] == rest[0]}
        if given and len(namesakes) == 1:
            join((name, given[0]))
    for name, (titles, rest) in split.items():
        if not titles or len(rest) != 1:
            continue
        whole = [each for each, (_, r) in split.items() if len(r) > 1 and r[-1] == rest[0]]
        fitting = {root(each) for each in whole if not _differ(name, each)}
        rivals = {root(each) for each, (t, r) in split.items() if t and r == rest and not _differ(each, name)}
        if set(titles) & MARRIED and not any(set(split[each][0]) & MARRIED for each in whole):
            continue  # Mrs. Hill and Anna Hill may be mother and daughter
        if len(fitting) == 1 and len(rivals) == 1:
            join((name, next(iter(fitting))))
    for name, (titles, rest) in split.items():
        if titles or len(rest) != 1:
            continue
        bearers = {
            root(each) for each, (t, r) in split.items() if r and r[-1] == rest[0] and (t or len(r) > 1)
        }
        if len(bearers - {root(name)}) == 1 and root(name) not in bearers:
            join((next(iter(bearers)), name))
    for name, (titles, rest) in split.items():
        full = words.nicknames.get(rest[0]) if len(rest) == 1 and not titles else None
        if full is None:
            continue
        bearers = {root(each) for each, (_, r) in split.items() if r and r[0] == full}
        both = any(
            set(names[name].tags) & set(names[each].tags) for each in names if split[each][1][:1] == (full,)
        )
        if len(bearers) == 1 and not both:
            join((next(iter(bearers)), name))
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[root(name)].append(name)
    return list(groups.values())
