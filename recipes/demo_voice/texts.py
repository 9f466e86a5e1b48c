"""The texts the teachers read: sentences of free collections, and sentences made from them.

Sources (Debian packages): `r-cran-janeaustenr` (six novels), `fortunes` (quotations), `wordnet-base`
(definitions and examples), `bible-kjv-text` (verses), `wamerican` (words and names). Sentences whose hash
falls into `HELD_OUT` are never read for training, alone or inside a longer text.

    python -m recipes.demo_voice.texts --out texts.json --count 400000 [--novels FILE] [--bible FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
import re
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HELD_OUT = 40  # one sentence in 40 is kept for evaluation
LONGEST = 280  # characters of the longest text
_READABLE = re.compile(r"[A-Za-z .,;:!?'\"()-]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"']?\s+")
_STRING = re.compile(rb"\x00(?:\x04\x00|\x00\x80)\x09(....)", re.DOTALL)
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
Yes? No? No! Please. Sorry. I'm sorry. Excuse me. Help! Sit down. Stand up. What now? Who is it? Me too.
So what?
Not now. Of course not. Thanks. You're welcome. Good evening. Good afternoon. How are you? I'm fine. And you?
What's the matter? Tell me. Let me see. Give it back! Leave me alone! I can't. I won't. You can't. We can't.
Where are you? I'm here. Over there. This way. That's all. That's it. It's over. It's late. What time is it?
"""
_SAID = "said asked replied whispered shouted answered cried murmured muttered called added".split()  # noqa: SIM905
_TITLES = "Mister Missus Miss Doctor Captain Professor Lady Lord Uncle Aunt".split()  # noqa: SIM905
_TIMES = ["o'clock", "thirty", "fifteen", "in the morning", "at night"]
_ABBREVIATIONS = {"Mr.": "Mister", "Mrs.": "Missus", "Dr.": "Doctor", "St.": "Saint", "Messrs.": "Messieurs",
                  "Col.": "Colonel", "Capt.": "Captain", "Esq.": "Esquire"}  # fmt: skip


def is_held_out(sentence: str) -> bool:
    """Whether a sentence belongs to the evaluation set, by a hash of its letters."""
    letters = re.sub(r"[^a-z]+", " ", sentence.lower()).strip()
    return int.from_bytes(hashlib.sha1(letters.encode()).digest()[:4], "big") % HELD_OUT == 0


def clean(text: str) -> str | None:
    """One sentence in plain characters, or None when it is not something to read aloud."""
    text = text.replace("`", "'").replace("--", " - ").replace("_", " ")
    bare = re.sub(r"\s+", " ", text.replace("LORD", "Lord")).strip(" ,;:-()\"'")
    if bare.count('"') % 2 or bare.count('"') != text.count('"'):  # a quotation over several sentences
        bare = bare.replace('"', "")
    text = bare
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    if not 2 <= len(text) <= LONGEST or not _READABLE.fullmatch(text):
        return None
    if text.count("(") != text.count(")"):
        return None
    if re.search(r"[A-Z]{2}", text) or max(map(len, text.split())) > 18:
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


def read_novels(database: Path) -> Iterator[str]:
    """Sentences of the novels in an R package's `Rdata.rdb`: compressed R objects, each a vector of rows of
    text."""
    data, at = database.read_bytes(), 0
    while at + 4 < len(data):
        unpacker = zlib.decompressobj()
        novel = unpacker.decompress(data[at + 4 :])  # behind four bytes that give its length
        at = len(data) - len(unpacker.unused_data) if unpacker.unused_data else len(data)
        paragraphs = re.split(r"\n\s*\n", "\n".join(_strings(novel)))
        for paragraph in paragraphs:
            text = re.sub(r"\s+", " ", paragraph)
            for short, long in _ABBREVIATIONS.items():
                text = text.replace(short, long)
            for sentence in _SENTENCE_END.split(text):
                if (found := clean(sentence)) and len(found) >= 2:
                    yield found


def _strings(serialised: bytes) -> Iterator[str]:
    """The strings of an R object in R's binary serialisation: a type word, a length, the bytes."""
    at = 0
    while mark := _STRING.search(serialised, at):
        (length,) = struct.unpack(">I", mark[1])
        at = mark.end()
        if length < 2000:
            yield serialised[at : at + length].decode("utf-8", "replace")
            at += length


def read_bible(text: str) -> Iterator[str]:
    """Sentences of the King James Bible, from what `bible -f gen1:1-rev22:21` prints: a verse a row."""
    for row in text.splitlines():
        verse = re.sub(r"[\[\]{}()]", "", re.sub(r"^\S+\s+", "", row))
        for sentence in _SENTENCE_END.split(verse):
            if (found := clean(sentence)) and len(found) >= 12:
                yield found


def read_names(path: Path) -> list[str]:
    """Capitalised words of the word list: names of people and places."""
    words = path.read_text("utf-8").split()
    return [w for w in words if w.isascii() and w.isalpha() and w.istitle() and 3 <= len(w) <= 12]


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


def _number(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(_NUMBERS)
    return f"{rng.choice(_NUMBERS[19:])}{rng.choice('- ')}{rng.choice(_NUMBERS[:9])}"


def _year(rng: random.Random) -> str:
    century = rng.choice(["sixteen", "seventeen", "eighteen", "nineteen", "twenty"])
    return f"{century} {_number(rng)}" if rng.random() < 0.8 else f"two thousand and {rng.choice(_NUMBERS)}"


def _short(rng: random.Random, words: list[str], names: list[str]) -> str:
    """A short text of a kind that whole sentences lack: heads, dates, times, sums, names, calls, single
    words."""
    number, word, name = _number(rng), rng.choice(words), rng.choice(names)
    month, ordinal = rng.choice(_MONTHS), rng.choice(_ORDINALS)
    kinds = [
        f"Chapter {number}.",
        f"{rng.choice(['Chapter', 'Part', 'Book'])} {number}: "
        f"{rng.choice(['The ', '', 'A '])}{word.capitalize()}.",
        f"{month} the {ordinal}.",
        f"On the {ordinal} of {month}, {_year(rng)}.",
        f"It was {rng.choice(['about', 'nearly', 'just past'])} {rng.choice(_NUMBERS[:12])} "
        f"{rng.choice(_TIMES)}.",
        f"{number.capitalize()} {word}.",
        f"{number.capitalize()} "
        f"{rng.choice(['dollars', 'pounds', 'percent', 'miles', 'years', 'hundred people'])}.",
        f"{word.capitalize()}{rng.choice(['.', '!', '?'])}",
        f"{word.capitalize()} {rng.choice(words)}{rng.choice(['.', '!', '?'])}",
        f"{name}{rng.choice(['.', '!', '?'])}",
        f"{rng.choice(_TITLES)} {name}{rng.choice(['.', '?'])}",
        f"{name} and {rng.choice(names)}.",
        f"{rng.choice(['Is', 'Was'])} {name} {rng.choice(['here', 'there', 'alone', 'right', 'home'])}?",
    ]
    if rng.random() < 0.35:
        return rng.choice(re.findall(r"[^.!?]+[.!?]", _SHORT)).strip()
    return rng.choice(kinds)


def _dialogue(rng: random.Random, sentence: str, names: list[str]) -> str:
    """A sentence as somebody says it in a novel."""
    bare, end = sentence.replace('"', "").rstrip(".!?"), sentence.rstrip('"')[-1]
    mark = end if end in "!?" else ","
    who, verb = rng.choice([*names, "he", "she", "he", "she"]), rng.choice(_SAID)
    tag = f"{who} {verb}" if who in ("he", "she") or rng.random() < 0.5 else f"{verb} {who}"
    quote = '"' if rng.random() < 0.5 else ""
    return f"{quote}{bare}{mark}{quote} {tag}."


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
        fortunes, wordnet: folders of the two packages' data. words: the word list. novels: `Rdata.rdb` of the
            novels. bible: a file that holds what `bible` prints.
    """

    def __init__(
        self,
        fortunes: Path,
        wordnet: Path,
        words: Path,
        novels: Path | None = None,
        bible: Path | None = None,
    ):
        prose = [*read_fortunes(fortunes), *(read_novels(novels) if novels else ())]
        verses = list(read_bible(bible.read_text("utf-8", "ignore"))) if bible else []
        random.Random(5).shuffle(verses)
        # Verses are many and of one style: a part of them is enough.
        found = dict.fromkeys([*prose, *read_wordnet(wordnet), *verses[:9000]])
        self.train = [s for s in found if not is_held_out(s)]
        self.held_out = [s for s in found if is_held_out(s)]
        spoken = set(prose)
        self.prose = [s for s in self.train if s in spoken]
        self.words, self.names = read_words(words), read_names(words) or ["Anna"]
        self.markov = Markov([s for s in self.train if 30 < len(s) < 160])

    def texts(self, seed: int, part: int = 0, parts: int = 1) -> Iterator[str]:
        """An endless stream of texts for one of `parts` workers: each source sentence once a round, new
        ones between."""
        rng = random.Random(seed * 1000 + part)
        while True:
            own = [*self.train[part::parts], *self.prose[part::parts], *self.prose[part::parts]]
            rng.shuffle(own)
            for sentence in own:
                yield sentence if rng.random() > 0.1 else sentence.lower().rstrip(".")
                extra = rng.random()
                if extra < 0.20:
                    yield _paragraph(rng, self.prose or self.train)
                elif extra < 0.36:
                    made = self.markov.sentence(rng)
                    if not is_held_out(made):
                        yield made
                elif extra < 0.54:
                    yield _short(rng, self.words, self.names)
                elif extra < 0.64:
                    yield _word_string(rng, self.words)
                elif extra < 0.72 and len(sentence) < 160:
                    yield _dialogue(rng, sentence, self.names)

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


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Options that say where the sources are; defaults as Debian has them."""
    parser.add_argument("--fortunes", type=Path, default=Path("/usr/share/games/fortunes"))
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--words", type=Path, default=Path("/usr/share/dict/words"))
    parser.add_argument("--novels", type=Path, help="Rdata.rdb of r-cran-janeaustenr")
    parser.add_argument("--bible", type=Path, help="what `bible -f gen1:1-rev22:21` printed")


def open_corpus(options: argparse.Namespace) -> Corpus:
    """The corpus of `add_sources`."""
    return Corpus(options.fortunes, options.wordnet, options.words, options.novels, options.bible)


def main() -> None:
    """Write distinct texts to read, in random order, as a JSON list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400_000)
    add_sources(parser)
    options = parser.parse_args()
    corpus = open_corpus(options)
    print(f"{len(corpus.train)} sentences to read, {len(corpus.held_out)} held out", flush=True)
    found = list(dict.fromkeys(itertools.islice(corpus.texts(1), int(options.count * 1.3))))
    random.Random(1).shuffle(found)
    options.out.write_text(json.dumps(found[: options.count], separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
