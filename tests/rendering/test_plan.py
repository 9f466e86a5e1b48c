"""From scripts to chains: pieces, seeds and speaker tags."""

from dataclasses import replace
from pathlib import Path

import pytest

from csm_cli.core.errors import MissingError
from csm_cli.rendering.cast import cast_tags, find_voices
from csm_cli.rendering.plan import plan_screenplay
from csm_cli.script import read_screenplay
from csm_cli.voices.voice import Voice


def write(tmp_path: Path, lines: list[str], cast: str = "{narrator: ann, Anna: bob}"):
    path = tmp_path / "script.yaml"
    body = "".join(f"      - {line}\n" for line in lines)
    path.write_text(f"voices: {cast}\nchapters:\n  - title: One\n    lines:\n{body}")
    return read_screenplay(path)


def plan(play, **options):
    return plan_screenplay(play, dict.fromkeys(play.cast, 0), **options)


def voice(name, tag):
    return Voice(name, tag, "", None, "", "", "user", Path())


def test_long_lines_are_split_and_keep_every_word(tmp_path):
    text = "The boat turned into the wind. " * 20
    ((line,),) = [chain.lines for chain in plan(write(tmp_path, [f"narrator: {text}"]), max_characters=90)]
    assert len(line.parts) > 5
    assert max(map(len, line.parts)) <= 90
    assert " ".join(line.parts) == text.strip()


def test_a_line_keeps_its_seed_when_others_come_and_go(tmp_path):
    def seeds(lines, **options):
        (chain,) = plan(write(tmp_path, lines), **options)
        return {line.line.text: line.seed for line in chain.lines}

    before = seeds(["narrator: One.", "Anna: Two.", "narrator: Three."])
    after = seeds(["narrator: One.", "Anna: New.", "Anna: Two.", "narrator: Three."])
    assert before == {text: after[text] for text in before}
    assert not set(before.values()) & set(seeds([f"narrator: {w}." for w in ["One", "Two"]], seed=1).values())


def test_the_same_words_twice_have_two_seeds_and_a_seed_of_the_script_wins(tmp_path):
    lines = ["narrator: Yes.", "narrator: Yes.", "{speaker: narrator, text: Yes., seed: 7}"]
    (chain,) = plan(write(tmp_path, lines))
    first, second, third = (line.seed for line in chain.lines)
    assert first != second
    assert third == 7


def test_choosing_chapters_changes_no_seed(script):
    play = read_screenplay(script)
    whole = plan(play)
    (second,) = plan(play, chapters=frozenset({2}))
    assert [vars(line) for line in second.lines] == [vars(line) for line in whole[1].lines]


def test_the_tag_of_the_voice_unless_the_script_sets_one(tmp_path):
    play = write(tmp_path, ["narrator: One."], "{narrator: ann, Anna: {voice: bob, speaker: 9}}")
    assert cast_tags(play, {"ann": voice("ann", 4), "bob": voice("bob", 1)}) == {"narrator": 4, "Anna": 9}


def test_two_characters_never_share_a_tag_not_even_in_one_voice(tmp_path):
    play = write(
        tmp_path, ["narrator: One."], "{narrator: ann, Anna: bob, Tom: ann, Ed: {voice: cy, speaker: 1}}"
    )
    bare = {"ann": voice("ann", 0), "bob": voice("bob", 0), "cy": voice("cy", 5)}
    assert cast_tags(play, bare) == {"narrator": 0, "Anna": 2, "Tom": 0, "Ed": 1}, "but for bare tags"
    heard = {name: replace(each, text="Words.", audio=tmp_path / name) for name, each in bare.items()}
    assert cast_tags(play, heard) == {"narrator": 0, "Anna": 2, "Tom": 3, "Ed": 1}


def test_a_model_with_a_small_alphabet_is_given_no_other_letters(tmp_path):
    lines = ["narrator: The café is “closed”.", "narrator: Привет, Anna.", "narrator: Привет."]
    (chain,) = plan(write(tmp_path, lines), alphabet=frozenset(map(chr, range(32, 127))))
    first, second, third = chain.lines
    assert (first.parts, first.unspoken) == (('The cafe is "closed".',), "")
    assert second.parts == ("Anna.",)
    assert set(second.unspoken) == set("Привет")
    assert third.parts == ()


def test_a_missing_voice_is_named_with_its_place(tmp_path):
    play = write(tmp_path, ["narrator: One."], "{narrator: nobody}")
    with pytest.raises(MissingError, match=r"script\.yaml:1:\d+: no voice named 'nobody'"):
        find_voices(play)
