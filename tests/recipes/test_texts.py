"""What the teachers read, and what they never read."""

from __future__ import annotations

import itertools
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.demo_voice.shape import ALPHABET
from recipes.demo_voice.texts import LONGEST, Corpus, clean, is_held_out

NOUNS = ["house", "river", "lamp", "winter", "story", "answer", "garden", "stone", "letter", "morning"]
VERBS = ["keeps", "finds", "follows", "forgets", "carries", "watches", "remembers", "leaves"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("texts")
    sentences = [
        f"The old {a} quietly {v} the {b} by the {c}."
        for a, v, b, c in itertools.product(NOUNS, VERBS, NOUNS[:5], NOUNS[5:])
    ]
    (folder / "fortunes").mkdir()
    (folder / "fortunes" / "wisdom").write_text(
        "\n%\n".join(f"{s}\n\t\t-- Somebody" for s in sentences[:1500])
    )
    (folder / "fortunes" / "wisdom.dat").write_bytes(b"\0")
    (folder / "wordnet").mkdir()
    for name in ("noun", "verb", "adj", "adv"):
        (folder / "wordnet" / f"data.{name}").write_text(
            '0001 03 n 01 lamp 0 000 | a thing that gives light; "the lamp was on the table"\n'
        )
    (folder / "words").write_text("apple\nBerlin\nboat's\nlighthouse\nwinter\n")
    rows = [f"The {a} {v}\nthe {b} again." for a, v, b in itertools.product(NOUNS, VERBS, NOUNS[:5])]
    novels = _r_object([*rows[0].split("\n"), "", "Mr. Knightley went out."]), _r_object(["", *rows[1:]])
    (folder / "Rdata.rdb").write_bytes(b"".join(novels))
    verses = [f"Genesis1:{n} And the {a} {v} the [great] {b}." for n, (a, v, b) in enumerate(
        itertools.product(NOUNS, VERBS, NOUNS[5:]))]  # fmt: skip
    (folder / "bible").write_text("\n".join(verses) + "\n")
    sources = (folder / "fortunes", folder / "wordnet", folder / "words")
    return Corpus(*sources, folder / "Rdata.rdb", folder / "bible")


def _r_object(rows: list[str]) -> bytes:
    """A vector of strings as an R package's database holds it; later rows in another encoding's type word."""
    head = b"X\n\x00\x00\x00\x03"
    flags = (b"\x00\x04\x00\x09" if number < 5 else b"\x00\x00\x80\x09" for number in range(len(rows)))
    strings = (
        flag + len(row).to_bytes(4, "big") + row.encode() for flag, row in zip(flags, rows, strict=True)
    )
    data = zlib.compress(head + b"".join(strings))
    return len(data).to_bytes(4, "big") + data


def test_sources_are_read(corpus: Corpus) -> None:
    everything = corpus.train + corpus.held_out
    assert "The lamp was on the table." in everything
    assert "A thing that gives light." in everything
    assert not any("Somebody" in s for s in everything)
    assert corpus.words == ["apple", "lighthouse", "winter"]
    assert corpus.names == ["Berlin"]


def test_novels_are_read_over_their_rows_and_verses_without_their_numbers(corpus: Corpus) -> None:
    everything = {*corpus.train, *corpus.held_out}
    assert "The house keeps the house again." in everything  # two rows of the first novel
    assert "Mister Knightley went out." in everything
    assert "The morning leaves the story again." in everything  # of the second novel
    assert "And the house keeps the great answer." in everything
    assert not any("Genesis" in sentence or "[" in sentence for sentence in everything)
    assert "Mister Knightley went out." in {*corpus.prose, *corpus.held_out}
    assert not any(s.startswith("And the") for s in corpus.prose)  # which is read three times a round


def test_no_held_out_sentence_is_ever_read(corpus: Corpus) -> None:
    assert len(corpus.held_out) > 20
    held = {s.lower().rstrip(".") for s in corpus.held_out}
    for text in itertools.islice(corpus.texts(seed=1), 3000):
        for sentence in re.split(r"(?<=[.!?]) ", text):
            assert sentence.lower().rstrip(".") not in held, text


def test_workers_read_different_sentences(corpus: Corpus) -> None:
    first, second = (set(itertools.islice(corpus.texts(1, part, 2), 300)) for part in (0, 1))
    assert len(first & second) < 30


def test_evaluation_lines_have_the_length_asked_for(corpus: Corpus) -> None:
    assert all(s in corpus.held_out for s in corpus.evaluation(10))
    assert all(175 <= len(s) <= 225 for s in corpus.long_evaluation(5))


@given(st.text(max_size=200))
def test_what_is_cleaned_can_be_spelled_and_read(text: str) -> None:
    found = clean(text)
    if found is not None:
        assert set(found) <= set(ALPHABET)
        assert 2 <= len(found) <= LONGEST + 1
        assert found[-1] in ".!?"


def test_the_split_looks_at_letters_alone() -> None:
    for sentence in ("The lamp was on.", "Nobody came; the house was dark!"):
        assert is_held_out(sentence) == is_held_out(sentence.upper().replace(" ", "  "))
