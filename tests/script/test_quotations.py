"""How many quotations of labelled scenes have the right speaker, and which conventions are read."""

from __future__ import annotations

import time

import pytest

from csm_cli.script import read_screenplay
from csm_cli.script.attribution import guess_speakers
from tests.script.labelled import Score, measure, scenes_of


def speeches(tmp_path, text: str) -> list[tuple[str, str]]:
    """(Speaker, text) of the lines that a text becomes, those of the narrator left out."""
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    lines = guess_speakers(read_screenplay(tmp_path / "a.txt")).screenplay.lines
    return [(line.speaker, line.text) for line in lines if line.speaker != "narrator"]


@pytest.mark.parametrize(("half", "right"), [("tuned", 0.95), ("held_out", 0.90)])
def test_nine_of_ten_quotations_have_their_speaker(tmp_path, half, right):
    score: Score = measure(list(scenes_of(half)), tmp_path)
    assert score.quotes >= 150
    assert score.right >= right * score.quotes, "\n".join(score.misses)
    assert score.left <= 0.05 * score.quotes
    assert score.doubtful <= 0.2 * score.quotes
    assert score.wrong_and_sure <= 0.06 * score.quotes


@pytest.mark.parametrize(
    "text",
    [
        "“Who is it?” said Ann.\n\n“It’s me,” said Ben. “Don’t shoot.”\n\n“No,” said Ann.",
        '"Who is it?" said Ann.\n\n"It\'s me," said Ben. "Don\'t shoot."\n\n"No," said Ann.',
        "‘Who is it?’ said Ann.\n\n‘It’s me,’ said Ben. ‘Don’t you know the boys’ boat?’\n\n‘No,’ said Ann.",
        "'Who is it?' said Ann.\n\n'It's me,' said Ben. 'Don't you know the boys' boat?'\n\n'No,' said Ann.",
        "„Wer ist da?“, fragte Ann.\n\n„Ich“, sagte Ben. „Mach auf.“\n\n„Nein“, rief Ann.",
        "»Wer ist da?«, fragte Ann.\n\n»Ich«, sagte Ben. »Mach auf.«\n\n»Nein«, rief Ann.",
        "« Qui est là ? » demanda Ann.\n\n« Moi », dit Ben. « Ouvrez. »\n\n« Non », répondit Ann.",
        "— Qui est là ? demanda Ann.\n\n— Moi, dit Ben. Ouvrez.\n\n— Non, répondit Ann.",
        "— Who is it? said Ann.\n\n— Me, said Ben. Open the door.\n\n— No, said Ann.",
        "—¿Quién es? —preguntó Ann.\n\n—Yo —dijo Ben—. Abre.\n\n—No —respondió Ann.",
    ],
)
def test_every_convention_of_quotes(tmp_path, text):
    assert [speaker for speaker, _ in speeches(tmp_path, text)] == ["Ann", "Ben", "Ben", "Ann"]


def test_apostrophes_end_no_quotation(tmp_path):
    text = "‘The Joneses’ boat isn’t ’alf as big,’ said Ben. ‘Ask ’em, if you don’t believe it.’"
    assert speeches(tmp_path, text) == [
        ("Ben", "‘The Joneses’ boat isn’t ’alf as big,’"),
        ("Ben", "‘Ask ’em, if you don’t believe it.’"),
    ]


def test_quotes_of_the_other_kind_belong_to_the_speech(tmp_path):
    text = "“I told him, ‘Go home, Ben,’ and he went,” said Ann.\n\n“Did he?” asked Tom."
    assert speeches(tmp_path, text) == [
        ("Ann", "“I told him, ‘Go home, Ben,’ and he went,”"),
        ("Tom", "“Did he?”"),
    ]


def test_words_and_titles_in_quotes_are_no_speech(tmp_path):
    text = (
        "Ann laughed. The so-called “expert” had read “Emma” twice, and “the boat question” was open.\n\n"
        "“No,” said Ann."
    )
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    guesses = guess_speakers(read_screenplay(tmp_path / "a.txt"))
    assert (guesses.quotes, guesses.guessed) == (1, 1)


def test_a_speech_goes_on_where_its_paragraph_is_not_closed(tmp_path):
    text = (
        "“Sit,” said Tom.\n\n“Why?” said Anna.\n\n“It was long ago, and nobody remembers it.\n\n"
        "“But I do, and I will tell it now.”\n\n“Then tell it,” said Anna."
    )
    assert [speaker for speaker, _ in speeches(tmp_path, text)] == ["Tom", "Anna", "Tom", "Tom", "Anna"]


def test_the_narrator_has_his_words_within_french_quotes(tmp_path):
    assert speeches(tmp_path, "« Oui, dit Ann, je viens. »\n\n« Bien », répondit Ben.") == [
        ("Ann", "« Oui,"),
        ("Ann", "je viens. »"),
        ("Ben", "« Bien »,"),
    ]


def test_signs_without_spaces_keep_a_few_words_with_the_quotation(tmp_path):
    assert speeches(tmp_path, "“I know,”—he paused—“that you are here,” said Tom.") == [
        ("Tom", "“I know,”—he paused—“that you are here,”")
    ]


@pytest.mark.parametrize(
    "signs", ["“a ", "‘a ", "'a ", '"a ', "«a ", "— a, said ", "—a —", "“‘a’” said Tom. "]
)
def test_a_hostile_paragraph_takes_no_long_time(tmp_path, signs):
    text = signs * (40_000 // len(signs))
    (tmp_path / "a.txt").write_text(f"Start.\n\n{text}\n\n“No,” said Ann.", encoding="utf-8")
    play = read_screenplay(tmp_path / "a.txt")
    begin = time.perf_counter()
    guessed = guess_speakers(play).screenplay
    assert time.perf_counter() - begin < 20
    assert " ".join(line.text for line in guessed.lines) == " ".join(line.text for line in play.lines)
