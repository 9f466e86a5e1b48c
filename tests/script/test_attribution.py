"""Who is taken for the speaker of a quotation, and who is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_cli.script import read_screenplay
from csm_cli.script.attribution import WHO, Guesses, guess_speakers


@pytest.fixture
def guessed(tmp_path):
    """Guesses the speakers of a text."""

    def guess(text: str) -> Guesses:
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        return guess_speakers(read_screenplay(tmp_path / "a.txt"))

    return guess


def speaker_of(guesses: Guesses, words: str) -> str:
    """The speaker of the line that holds these words."""
    return next(line.speaker for line in guesses.screenplay.lines if words in line.text)


def test_each_of_two_quotations_in_a_paragraph_has_the_speaker_of_its_tag(guessed):
    guesses = guessed(
        "“Stop,” said Tom. “Go,” said Anna.\n\nTom said nothing. “Fine,” Anna replied.\n\n"
        "“Ask Tom,” said Anna’s mother."
    )
    assert [(line.speaker, line.text) for line in guesses.screenplay.lines] == [
        ("Tom", "“Stop,”"),
        ("narrator", "said Tom."),
        ("Anna", "“Go,”"),
        ("narrator", "said Anna."),
        ("narrator", "Tom said nothing."),
        ("Anna", "“Fine,”"),
        ("narrator", "Anna replied."),
        ("narrator", "“Ask Tom,” said Anna’s mother."),
    ]
    assert set(guesses.screenplay.cast) == {"narrator", "Tom", "Anna"}


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("“Where?” asked Tom.", "Tom"),
        ("“Where?” Tom asked Anna.", "Tom"),
        ("“Where?” Tom quietly asked.", "Tom"),
        ("“Where?” Tom, who was tired, asked.", "Tom"),
        ("“Where?” asked old Mr. Hill.", "Mr. Hill"),
        ("Tom leaned over and whispered, “Where?”", "Tom"),
        ("Tom asked: “Where?”", "Tom"),
        ("Tom shut the door. “Where?”", "Tom"),
        ("“Where?” Tom shut the door.", "Tom"),
        ("“Where?” came Tom’s voice.", "Tom"),
        ("“Where?” demanded Emily Brook.", "Emily Brook"),
        ("“My name is Tom. Where?” said a stranger.\n\n“Here, Tom,” said Anna.", "Tom"),
        ("“Where?” asked the man.", "narrator"),
        ("“Where?” asked Tom’s sister.", "narrator"),
        ("“Where?” they asked.", "narrator"),
        ("“Where?” asked Tom and Anna together.", "narrator"),
        ("“Where?” I asked.", "narrator"),
        ("“Where?” said everybody.", "narrator"),
    ],
)
def test_tags_and_acts(guessed, text, speaker):
    assert speaker_of(guessed(f"{text}\n\nNobody came.\n"), "Where?") == speaker


def test_whoever_is_called_does_not_speak(guessed):
    guesses = guessed("“I am here,” said Tom.\n\n“So am I,” said Anna.\n\n“Come in, Tom.”\n\n“Thanks.”")
    assert [speaker_of(guesses, words) for words in ("Come in", "Thanks")] == ["Anna", "Tom"]


def test_a_pronoun_is_the_one_of_its_gender(guessed):
    guesses = guessed(
        "“One,” said Mr. Hill.\n\n“Two,” said Mrs. Drew.\n\n“Three,” said Giles.\n\n"
        "They waited for the train.\n\n“Four,” she said."
    )
    assert speaker_of(guesses, "Four") == "Mrs. Drew"


def test_two_who_talk_take_turns_in_front_of_the_first_tag_too(guessed):
    guesses = guessed("“One.”\n\n“Two.”\n\n“Three,” said Ben.\n\n“Four,” said Anna.\n\n“Five.”")
    speakers = [line.speaker for line in guesses.screenplay.lines if "“" in line.text]
    assert speakers == ["Ben", "Anna", "Ben", "Anna", "Ben"]


def test_the_names_of_a_person_are_joined_where_that_is_sure(guessed):
    guesses = guessed(
        "“You are late, Lizzy,” said Mrs. Bennet.\n\n“I am sorry,” said Elizabeth Bennet.\n\n"
        "“Will you dance, Miss Bennet?” asked Mr. Hill.\n\n“No,” said Elizabeth.\n\n“Pray do,” said Hill.\n\n"
        "“I will not,” said Miss Bennet.\n\n“Lizzy!” cried her mother."
    )
    names = [{member.name, *member.aliases} for member in guesses.screenplay.cast.values()]
    assert {"Elizabeth", "Elizabeth Bennet", "Miss Bennet", "Lizzy"} in names
    assert {"Mr. Hill", "Hill"} in names
    assert {"Mrs. Bennet"} in names
    assert guesses.genders["Mrs. Bennet"] == "f"


def test_a_husband_and_his_wife_are_two(guessed):
    guesses = guessed("“Come,” said Mr. Hill.\n\n“Wait,” said Mrs. Hill.\n\n“No,” said Mr. Hill.")
    assert {"Mr. Hill", "Mrs. Hill"} <= set(guesses.screenplay.cast)


def test_a_description_is_a_character_from_the_third_time_on(guessed):
    text = (
        "“One,” said the captain.\n\n“Two,” said Tom.\n\n“Three,” said the captain.\n\n"
        "“Go,” said the boy.\n\n"
    )
    assert speaker_of(guessed(text), "Three") == "narrator"
    guesses = guessed(f"{text}“Four,” said the captain.")
    assert speaker_of(guesses, "Three") == "the captain"
    assert speaker_of(guesses, "Go") == "narrator"


def test_a_rank_means_the_one_who_has_it(guessed):
    guesses = guessed("“One,” said Colonel Ashby.\n\n“Two,” said Tom.\n\n“Three,” said the Colonel.")
    assert speaker_of(guesses, "Three") == "Colonel Ashby"


def test_doubtful_quotations_are_marked_and_sure_ones_are_not(guessed):
    guesses = guessed(
        "“One,” said Tom.\n\n“Two,” said the boy.\n\n“Go,” said Anna.\n\n“No,” said Ben.\n\n"
        "It rained.\n\n“Three.”"
    )
    marked = [line.text for line in guesses.screenplay.lines if WHO in line.notes]
    assert marked == ["“Two,” said the boy.", "“Three.”"]
    assert guesses.doubtful == 2


def test_a_line_that_has_a_speaker_keeps_it(guessed):
    guesses = guessed("ANNA: “Who is there?”\nBEN: “I.”\nANNA: No.\n\n“Go,” said Tom.")
    assert [line.speaker for line in guesses.screenplay.lines] == ["ANNA", "BEN", "ANNA", "Tom", "narrator"]


def test_the_first_word_of_a_sentence_is_no_part_of_a_name(guessed):
    guesses = guessed("“Ask Tom,” said Anna.\n\n“Ask Tom?” said Tom.\n\nYesterday Tom left.")
    assert all(not member.aliases for member in guesses.screenplay.cast.values())


MARKS = "“ ” ‘ ’ ' \" « » „ —\xa0 — -- ,\xa0 .\xa0 !\xa0 ?\xa0 … ( ) \n\n"
WORDS = (
    " said |Anna|Ben|Mr. Hill|the captain| asked | dit-il | sagte | he |I |my mother|Anna’s|Narrator|a|will "
)


@given(st.lists(st.sampled_from([*MARKS.split(" "), *WORDS.split("|"), " "]), max_size=60))
def test_no_character_is_lost_whatever_the_marks(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("marks") / "a.txt"
    path.write_text(f"Start.\n\n{''.join(parts)}".replace("\xa0", " "), encoding="utf-8")
    play = read_screenplay(path)
    guessed = guess_speakers(play).screenplay
    assert " ".join(line.text for line in guessed.lines) == " ".join(line.text for line in play.lines)
    assert {line.speaker for line in guessed.lines} <= set(guessed.cast)
    assert "Narrator" not in guessed.cast


def test_a_quotation_may_go_on_with_a_word_that_is_shortened_elsewhere(tmp_path):
    text = "‘He is late,’ said Anna, ‘and cold.’\n\n‘No,’ said Tom, ‘’tis ’em.’\n"
    (tmp_path / "a.txt").write_text(text)
    lines = guess_speakers(read_screenplay(tmp_path / "a.txt")).screenplay.lines
    assert [line.speaker for line in lines] == ["Anna", "narrator", "Anna", "Tom", "narrator", "Tom"]


def test_a_name_in_other_code_points_is_the_same_and_kin_may_be_a_name(tmp_path):
    text = "“Yes,” said Zoe\u0308.\n\n“No,” said Zoë.\n\n“Ah,” said Grandfather.\n\n“Oh,” said Uncle.\n"
    (tmp_path / "a.txt").write_text(text)
    lines = guess_speakers(read_screenplay(tmp_path / "a.txt")).screenplay.lines
    speakers = [line.speaker for line in lines if line.speaker != "narrator"]
    assert speakers == ["Zoë", "Zoë", "Grandfather", "Uncle"]


@pytest.mark.parametrize(
    ("narration", "second"),
    [
        ("Tom said to Anna, who answered,", "Anna"),
        ("said Tom, but Anna interrupted.", "Anna"),
        ("said Tom, and Anna nodded,", "Tom"),
        ("said Tom to Anna,", "Tom"),
    ],
)
def test_another_may_speak_behind_the_same_tag(tmp_path, narration, second):
    (tmp_path / "a.txt").write_text(f"“Yes,” said Anna.\n\n“No,” {narration} “go away.”\n\n“Oh,” said Tom.\n")
    lines = guess_speakers(read_screenplay(tmp_path / "a.txt")).screenplay.lines
    speakers = [line.speaker for line in lines if line.speaker != "narrator"]
    assert speakers == ["Anna", "Tom", second, "Tom"]
