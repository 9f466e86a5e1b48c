"""The lexicon: files, scope, which lines an entry touches."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.core.errors import ScriptError, UsageError
from csm_cli.rendering.plan import plan_screenplay
from csm_cli.script import read_screenplay
from csm_cli.text import Entry, Lexicon, Normaliser, normaliser_for, spoken_text
from csm_cli.text.characters import clean
from csm_cli.text.lexicon_files import add_entry, load_lexicon, read_lexicon, user_file

PLS = """<?xml version="1.0"?>
<lexicon xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" version="1.0" alphabet="ipa" xml:lang="en">
  <lexeme><grapheme>Siobhan</grapheme><grapheme>Siobhán</grapheme><alias>Shiv awn</alias></lexeme>
</lexicon>
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "text", "said"),
    [
        (Entry("siobhan", "shivawn"), "Siobhan’s and siobhan", "shivawn's and shivawn"),
        (
            Entry("Polish", "Poe lish", case=True),
            "Polish the Polish, polish",
            "Poe lish the Poe lish, polish",
        ),
        (Entry("art", "aht"), "art artful start", "aht artful start"),
        (Entry("art", "aht", part=True), "art artful", "aht ahtful"),
        (Entry("New York", "Noo Yawk"), "in New York.", "in Noo Yawk."),
        (Entry("Dr.", "Drive"), "Elm Dr. is", "Elm Drive is"),
        (Entry("1984", "one nine eight four"), "in 1984", "in one nine eight four"),
        (Entry("O'Brien", "Oh Bryan", case=True), "O’Brien", "Oh Bryan"),
        (Entry("C++", "see plus plus"), "I like C++.", "I like see plus plus."),
    ],
)
def test_words_and_their_edges(entry, text, said):
    assert Normaliser(lexicon=Lexicon([entry])).normalise(text) == said


def test_scope_by_character_and_chapter_and_the_narrowest_wins():
    entries = [
        Entry("tomato", "to may toe"),
        Entry("tomato", "to mah toe", speakers=("Ann",)),
        Entry("tomato", "tommy toe", speakers=("Ann",), chapters=(2,)),
    ]
    normaliser = Normaliser(lexicon=Lexicon(entries))
    assert normaliser.normalise("tomato", "Ben", 2) == "to may toe"
    assert normaliser.normalise("tomato", "Ann", 1) == "to mah toe"
    assert normaliser.normalise("tomato", "Ann", 2) == "tommy toe"


def test_the_longest_word_wins_and_nothing_is_replaced_twice():
    lexicon = Lexicon([Entry("York", "Yawk"), Entry("New York", "York city"), Entry("city", "town")])
    assert Normaliser(lexicon=lexicon).normalise("New York, York") == "York city, Yawk"


def test_files_of_script_project_and_user(tmp_path):
    user_file().parent.mkdir(parents=True)
    write(user_file(), "gif: jif\nscone: skon\nxyz: ex why zed\n")
    write(
        tmp_path / "lexicon.yaml",
        "scone: skoan\nlive:\n  - {say: lyve, speaker: Ann}\n  - {say: liv, chapter: [2, 3]}\n",
    )
    write(tmp_path / "own.pls", PLS)
    script = write(tmp_path / "a.yaml", "lexicon: own.pls\nlines:\n- narrator: Siobhán ate a scone, a gif.\n")
    normaliser = normaliser_for(read_screenplay(script))
    assert normaliser.normalise("Siobhán ate a scone, a gif.") == "Shiv awn ate a skoan, a jif."
    assert normaliser.normalise("live", "Ann") == "lyve"
    assert normaliser.normalise("live", "Ben", 3) == "liv"
    assert normaliser.normalise("live") == "live"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "gif: {phoneme: dʒɪf}", "1:16: error: phonemes are refused"),
        ("a.yaml", "gif:", '"gif" needs the words that it is read as'),
        ("a.yaml", "gif: '...'", '"gif" needs the words that it is read as'),
        ("a.yaml", "★: one", '"★" has only signs that are left out of every text'),
        ("a.yaml", "gif: {sey: jif}", 'unknown key "sey"; did you mean "say"?'),
        ("a.yaml", "gif: {say: jif, chapter: two}", 'chapter is a number, not "two"'),
        ("a.yaml", "- gif", "a lexicon is a mapping"),
        ("a.yaml", "gif: jif\ngif: gif", "duplicate key"),
        ("a.pls", PLS.replace("alias", "phoneme"), "phonemes are refused"),
        ("a.pls", PLS.replace("</lexicon>", ""), "not well-formed XML"),
        ("a.pls", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "declares entities"),
    ],
)
def test_faults_of_a_lexicon_are_one_line_with_a_place(tmp_path, name, text, message):
    with pytest.raises(ScriptError) as caught:
        read_lexicon(write(tmp_path / name, text))
    assert any(message in problem for problem in caught.value.problems)
    assert all(problem.startswith(str(tmp_path / name)) for problem in caught.value.problems)


def test_adding_keeps_the_file_as_it_was(tmp_path):
    path = write(tmp_path / "lexicon.yaml", "# names\nAda: Aid a # short\n")
    add_entry(path, Entry("gif", "jif"))
    add_entry(path, Entry("No", "naught: or so", speakers=("Ann",), chapters=(2,), case=True, part=True))
    assert path.read_text() == (
        "# names\nAda: Aid a # short\ngif: jif\n"
        '"No": {say: "naught: or so", speaker: [Ann], chapter: [2], part: on}\n'
    )
    with pytest.raises(UsageError, match='has "gif" already'):
        add_entry(path, Entry("gif", "ghif"))
    add_entry(path, Entry("gif", "ghif"), force=True)
    assert [(entry.word, entry.say) for entry in read_lexicon(path)][-1] == ("gif", "ghif")
    with pytest.raises(UsageError):
        add_entry(path, Entry("x", " "))
    with pytest.raises(UsageError):
        add_entry(path, Entry("★", "one"))
    assert Lexicon([Entry("★", "one")]).apply("No - none. ★") == "No - none. ★"


WORDS = st.text(min_size=1).filter(lambda word: any(map(str.isalnum, clean(word))))


@given(WORDS, st.booleans(), st.booleans())
def test_any_word_can_be_added_and_is_read_back(word, case, part):
    import tempfile

    word = " ".join("".join(char for char in word if char.isprintable()).split())
    if not word:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lexicon.yaml"
        add_entry(path, Entry(word, "said so", case=case, part=part))
        (entry,) = read_lexicon(path)
        assert (entry.word, entry.say, entry.case, entry.part) == (word, "said so", case, part)
        assert "said so" in Normaliser("xx", Lexicon([entry])).normalise(word)


def test_a_changed_entry_changes_just_the_lines_that_hold_the_word(tmp_path):
    script = write(tmp_path / "a.yaml", "lines:\n- narrator: A gif.\n- narrator: A cat.\n- narrator: Gifs.\n")

    def parts():
        play = read_screenplay(script)
        (chain,) = plan_screenplay(play, {"narrator": 0}, normaliser=normaliser_for(play))
        return [(line.parts, line.seed) for line in chain.lines]

    before = parts()
    write(tmp_path / "lexicon.yaml", "gif: jif\n")
    after = parts()
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True]


def test_other_languages_keep_what_is_not_theirs_and_say_so():
    german = Normaliser("de")
    assert german.normalise("Um 9:30 kamen 21 „Gäste“ …") == 'Um 9:30 kamen einundzwanzig "Gäste" ...'
    assert "de" in german.note
    assert Normaliser("en-GB").note == ""
    assert Normaliser("tlh").normalise("Dr. Hill, 21!!") == "Dr. Hill, 21!"


def test_the_day_comes_first_in_british_english():
    assert spoken_text("3/4/2021", "en-GB") == "the third of April twenty twenty-one"


def test_numbers_agree_with_num2words():
    from num2words import num2words

    from csm_cli.text.numbers import cardinal, ordinal

    for number in [*range(0, 1200, 7), 10_000, 123_456, 999_999, 1_000_001, 987_654_321_012]:
        assert cardinal(number) == num2words(number).replace(",", "").replace(" and ", " ")
        assert ordinal(number) == num2words(number, to="ordinal").replace(",", "").replace(" and ", " ")


def test_loading_nothing_is_an_empty_lexicon(tmp_path):
    assert not load_lexicon(tmp_path)
