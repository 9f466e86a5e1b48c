"""The texts the teachers read: sentences of free collections, and sentences made from them.

Sources (Debian packages): `fortunes` (quotations), `wordnet-base` (definitions and examples), `wamerican`
(words). Sentences whose hash falls into `HELD_OUT` are never read for training, alone or inside a longer
text.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HELD_OUT = 40  # one sentence in 40 is kept for evaluation
LONGEST = 280  # characters of the longest text
_READABLE = re.compile(r"[A-Za-z .,;:!?'\"()-]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"']?\s+")
_NUMBERS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
""".split()  # noqa: SIM905
_MONTHS = """
January February March April May June July August September October November December
""".split()  # noqa: SIM905
_ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
""".split()  # noqa: SIM905
_SHORT = """
Yes. No. Oh no! What? Hold on! Wait. Come in. Thank you. Good morning. Good night. Who's there? Not yet.
I see. Of course. Look out! Where? Why not? Listen. Over here! All right. Stop! Go on. Never mind. Hello.
Goodbye. Are you sure? I don't know. Nothing. Maybe. Well? Really? Be quiet. Run! Exactly. Is that the light?
"""


def is_held_out(sentence: str) -> bool:
    """Whether a sentence belongs to the evaluation set, by a hash of its letters."""
    letters = re.sub(r"[^a-z]+", " ", sentence.lower()).strip()
    return int.from_bytes(hashlib.sha1(letters.encode()).digest()[:4], "big") % HELD_OUT == 0


def clean(text: str) -> str | None:
    """One sentence in plain characters, or None when it is not something to read aloud."""
    text = text.replace("`", "'").replace("--", ", ").replace("_", " ")
    text = re.sub(r"\s+", " ", text).strip(" ,;:-()\"'")
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    if not 2 <= len(text) <= LONGEST or not _READABLE.fullmatch(text):
        return None
    if text.count('"') % 2 or text.count("(") != text.count(")"):
        return None
    if sum(w.isupper() and len(w) > 1 for w in text.split()) > 1 or max(map(len, text.split())) > 18:
        return None
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def read_fortunes(folder: Path) -> Iterator[str]:
    """Sentences of the fortune files, attributions left out."""
    for path in sorted(folder.iterdir()):
        if (
            path.suffix
            or path.name in {"ascii-art", "art", "perl", "translate-me", "knghtbrd"}
            or not path.is_file()
        ):
            continue
        for entry in path.read_text("utf-8", errors="ignore").split("\n%"):
            body = re.split(r"\n\s*--", entry)[0]
            for sentence in _SENTENCE_END.split(re.sub(r"\s+", " ", body)):
                if (text := clean(sentence)) and len(text) >= 8:
                    yield text


def read_wordnet(folder: Path) -> Iterator[str]:
    """Definitions and example sentences of WordNet."""
    for name in ("data.noun", "data.verb", "data.adj", "data.adv"):
        for line in (folder / name).read_text("utf-8", errors="ignore").splitlines():
            if " | " not in line:
                continue
            for part in re.split(r";\s+", line.split(" | ", 1)[1]):
                if (text := clean(part.strip().strip('"'))) and len(text) >= 8:
                    yield text


def read_words(path: Path) -> list[str]:
    """Lower-case dictionary words without possessives."""
    words = path.read_text("utf-8").split()
    return [w for w in words if w.isascii() and w.isalpha() and w.islower() and len(w) <= 16]


class Markov:
    """Sentences by a second-order chain over words: new word orders with the rhythm of real ones."""

    def __init__(self, sentences: list[str]):
        self.next: dict[tuple[str, str], list[str]] = defaultdict(list)
        for sentence in sentences:
            words = ["", "", *sentence.split(), ""]
            for a, b, c in zip(words, words[1:], words[2:], strict=False):
                self.next[a, b].append(c)

    def sentence(self, rng: random.Random, longest: int = 160) -> str:
        a, b = "", ""
        words: list[str] = []
        while True:
            a, b = b, rng.choice(self.next[a, b])
            if not b:
                return " ".join(words)
            words.append(b)
            if sum(map(len, words)) > longest:
                return " ".join(words).rstrip(",;:-.") + "."


def _short(rng: random.Random, words: list[str]) -> str:
    kind = rng.randrange(7)
    number = (
        rng.choice(_NUMBERS)
        if rng.random() < 0.6
        else f"{rng.choice(_NUMBERS[19:])} {rng.choice(_NUMBERS[:9])}"
    )
    if kind == 0:
        return f"Chapter {number}."
    if kind == 1:
        return f"{rng.choice(_MONTHS)} the {rng.choice(_ORDINALS)}."
    if kind == 2:
        return f"At {rng.choice(_NUMBERS[:12])} {rng.choice(['thirty', 'fifteen', 'o clock', 'forty five'])}."
    if kind == 3:
        return f"{number.capitalize()} {rng.choice(words)}."
    if kind == 4:
        return f"{rng.choice(words).capitalize()}{rng.choice(['.', '!', '?'])}"
    if kind == 5:
        return f"{rng.choice(words).capitalize()} {rng.choice(words)}{rng.choice(['.', '!', '?'])}"
    return rng.choice(re.findall(r"[^.!?]+[.!?]", _SHORT)).strip()


def _word_string(rng: random.Random, words: list[str]) -> str:
    chosen = rng.choices(words, k=rng.randint(3, 9))
    return (rng.choice([", ", " "]).join(chosen)).capitalize() + rng.choice([".", ".", "?"])


def _paragraph(rng: random.Random, sentences: list[str]) -> str:
    text = rng.choice(sentences)
    target = rng.randint(100, LONGEST - 20)
    while len(text) < target:
        more = rng.choice(sentences)
        if len(text) + 1 + len(more) > LONGEST:
            break
        text = f"{text} {more}"
    return text


class Corpus:
    """All sentences of the sources, split into training and evaluation.

    Args:
        fortunes, wordnet: folders of the two packages' data. words: the word list.
    """

    def __init__(self, fortunes: Path, wordnet: Path, words: Path):
        found = dict.fromkeys([*read_fortunes(fortunes), *read_wordnet(wordnet)])
        self.train = [s for s in found if not is_held_out(s)]
        self.held_out = [s for s in found if is_held_out(s)]
        self.words = read_words(words)
        self.markov = Markov([s for s in self.train if 30 < len(s) < 160])

    def texts(self, seed: int, part: int = 0, parts: int = 1) -> Iterator[str]:
        """An endless stream of texts for one of `parts` workers: each source sentence once a round, new
        ones between."""
        rng = random.Random(seed * 1000 + part)
        while True:
            own = self.train[part::parts]
            rng.shuffle(own)
            for sentence in own:
                yield sentence if rng.random() > 0.1 else sentence.lower().rstrip(".")
                extra = rng.random()
                if extra < 0.28:
                    yield _paragraph(rng, self.train)
                elif extra < 0.46:
                    made = self.markov.sentence(rng)
                    if not is_held_out(made):
                        yield made
                elif extra < 0.60:
                    yield _short(rng, self.words)
                elif extra < 0.74:
                    yield _word_string(rng, self.words)

    def evaluation(self, count: int, seed: int = 7, shortest: int = 25, longest: int = 120) -> list[str]:
        """`count` sentences that no training text contains."""
        pool = [s for s in self.held_out if shortest <= len(s) <= longest]
        return random.Random(seed).sample(pool, count)

    def long_evaluation(self, count: int, seed: int = 8, length: int = 200) -> list[str]:
        """`count` lines of about `length` characters, made of held-out sentences."""
        rng = random.Random(seed)
        lines: list[str] = []
        while len(lines) < count:
            text = ""
            while len(text) < length - 25:
                text = f"{text} {rng.choice(self.held_out)}".strip()
            if len(text) <= length + 25:
                lines.append(text)
        return lines
