"""The words by which a language names the speaker of a quotation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from csm_cli.script.attribution.lists import LISTS

_WITHIN = re.compile(r"(?<=[a-zà-ÿ,;] )[A-ZÀ-Þ][^\W\d_]+")
_SIGNS = ".,;:!?…»«“”„‘’\"'()—–"
Gender = Literal["m", "f", ""]


@dataclass(frozen=True)
class Words:
    """A language's words, in small letters where they are not names.

    Args:
        verbs: of speech, as they stand beside a quotation.
        he, she, they, first: pronouns as subjects.
        his, her: possessive pronouns that tell the gender of the owner.
        definite, determiners: articles and the like that begin a description.
        ends: words that end a description: prepositions, conjunctions, relatives.
        adverbs: that may stand between subject and verb.
        adjectives: that may stand before a name: "old Mr. Hill".
        titles: gender by title.
        ranks: title by the noun that stands for it alone: "the doctor".
        names: gender by first name.
        nicknames: first name by nickname.
        common: words that tell the language.
        people: nouns that mean a person.
        men, women: nouns that tell the gender of a person.
        wives, parents: of these, nouns of families.
        no_names: words written with a capital that name nobody.
        nouns_have_capitals: as in German.
        capitals: words that the book writes with a capital within a sentence.
    """

    code: str
    verbs: frozenset[str]
    he: frozenset[str]
    she: frozenset[str]
    they: frozenset[str]
    first: frozenset[str]
    his: frozenset[str]
    her: frozenset[str]
    definite: frozenset[str]
    determiners: frozenset[str]
    ends: frozenset[str]
    adverbs: frozenset[str]
    adjectives: frozenset[str]
    titles: dict[str, Gender]
    ranks: dict[str, str]
    names: dict[str, Gender]
    nicknames: dict[str, str]
    common: frozenset[str]
    people: frozenset[str]
    men: frozenset[str]
    women: frozenset[str]
    wives: frozenset[str]
    parents: frozenset[str]
    no_names: frozenset[str]
    nouns_have_capitals: bool = False
    capitals: frozenset[str] = frozenset()

    def gender_of(self, noun: str) -> Gender:
        """The gender of a person that a noun means; "" if it does not tell."""
        return "m" if noun in self.men else "f" if noun in self.women else ""

    def is_adverb(self, word: str) -> bool:
        """Whether a word, as it is written, may stand between a subject and its verb; "Emily" does not."""
        return word in self.adverbs or (self.code == "en" and word.islower() and word.endswith("ly"))


@lru_cache
def words_of(code: str) -> Words:
    """The words of a language: "en", "de", "fr", "es" or "it"."""
    lists = LISTS[code]

    def of(key: str) -> frozenset[str]:
        return frozenset(lists.get(key, "").split())

    def gendered(male: str, female: str, either: str = "") -> dict[str, Gender]:
        found: dict[str, Gender] = dict.fromkeys(of(either), "")
        found |= dict.fromkeys(of(male), "m")
        return found | dict.fromkeys(of(female), "f")

    def pairs(key: str) -> dict[str, str]:
        rows = (pair.partition("=") for pair in lists.get(key, "").split())
        return {left: right for left, _, right in rows}

    names: dict[str, Gender] = {}
    for other in LISTS.values():
        names |= dict.fromkeys(other.get("male_names", "").split(), "m")
        names |= dict.fromkeys(other.get("female_names", "").split(), "f")
    nicknames = pairs("nicknames")
    for nickname, name in nicknames.items():
        names.setdefault(nickname, names.get(name, ""))
    return Words(
        code,
        verbs=of("verbs"),
        he=of("he"),
        she=of("she"),
        they=of("they"),
        first=of("first"),
        his=of("his"),
        her=of("her"),
        definite=of("definite"),
        determiners=of("determiners") | of("definite"),
        ends=of("ends"),
        adverbs=of("adverbs"),
        adjectives=of("adjectives"),
        titles=gendered("male_titles", "female_titles", "titles"),
        ranks=pairs("ranks"),
        names=names,
        nicknames=nicknames,
        common=of("common"),
        people=of("people") | of("men") | of("women"),
        men=of("men"),
        women=of("women"),
        wives=of("wives"),
        parents=of("parents"),
        no_names=of("no_names"),
        nouns_have_capitals=code == "de",
    )


def words_for(language: str, texts: Sequence[str]) -> Words:
    """The words of a text's language.

    Args:
        language: the script's tag; "en", which is also what a script has that names none, is not relied on.
        texts: paragraphs, from which the language is told if the tag does not.
    """
    code = language.lower().split("-")[0]
    words = words_of(
        code if code in LISTS and code != "en" else _language_of(texts) if code == "en" else "en"
    )
    return replace(words, capitals=frozenset(word for text in texts for word in _WITHIN.findall(text)))


def _language_of(texts: Sequence[str]) -> str:
    counts: Counter[str] = Counter()
    seen = 0
    for text in texts:
        found = [word.strip(_SIGNS) for word in text[:2000].lower().split()]
        seen += len(found)
        for each in LISTS:
            words = words_of(each)
            counts[each] += sum((word in words.common) + 2 * (word in words.verbs) for word in found)
            if each == "fr":
                counts[each] += 3 * sum(word.endswith(("-il", "-elle")) for word in found)
        if seen > 20_000:
            break
    return max(counts, key=lambda each: (counts[each], each == "en"), default="en")
