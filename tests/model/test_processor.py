"""Fields against transformers' processor; user text that looks like special tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers

from csm_cli.core.types import plain_ids
from csm_cli.model import CsmProcessor
from tests.model.tiny import AUDIO, BOS, END, LETTERS, SPECIAL

TEMPLATE = (
    "{%- for message in messages %}{{- '<|begin_of_text|>[' + message['role'] + ']' }}"
    "{%- for part in message['content'] %}{%- if part['type'] == 'text' %}"
    "{{- part['text'] + '<|end_of_text|>' }}"
    "{%- else %}{{- '<|AUDIO|><|audio_eos|>' }}{%- endif %}{%- endfor %}{%- endfor %}"
)


@pytest.fixture(scope="module")
def processor(folder: Path) -> Any:
    return CsmProcessor.from_pretrained(folder)


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Any:
    processor = transformers.CsmProcessor.from_pretrained(folder)
    processor.chat_template = TEMPLATE
    return processor


def turn(role: int, text: str, samples: int = 0) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if samples:
        sound = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
        content.append({"type": "audio", "path": sound})
    return {"role": str(role), "content": content}


TALKS = [
    [turn(0, "hello there.", 4000), turn(1, "and you.", 1920), turn(0, "fine.")],
    [turn(3, "x", 1921)],
]


def test_conversations(processor: Any, theirs: Any) -> None:
    options = {"tokenize": True, "return_dict": True, "output_labels": True}
    mine, wanted = (each.apply_chat_template(TALKS, **options) for each in (processor, theirs))
    assert mine.keys() == wanted.keys()
    for name in wanted:
        assert torch.equal(mine[name], wanted[name]), name
    assert processor.apply_chat_template(TALKS) == theirs.apply_chat_template(TALKS)
    one = processor.apply_chat_template(TALKS[1], tokenize=True, return_dict=False)
    assert torch.equal(one[0], mine["input_ids"][1, -one.shape[1] :])


def test_prompts_written_out(processor: Any, theirs: Any) -> None:
    mine, wanted = (each("[0]hello", add_special_tokens=True) for each in (processor, theirs))
    assert mine["input_ids"].tolist() == wanted["input_ids"].tolist()
    assert mine["input_ids"][0, [0, -1]].tolist() == [BOS, END]
    text = processor.apply_chat_template(TALKS[1])
    sound = TALKS[1][0]["content"][1]["path"]
    mine, wanted = processor(text, audio=sound), theirs(text, audio=sound)
    for name in wanted:
        assert torch.equal(mine[name], wanted[name]), name
    with pytest.raises(ValueError, match=r"ask for \[1\] audios, 0"):
        processor(text)


def test_share_of_frames_for_the_depth_decoder(processor: Any) -> None:
    fields = processor.apply_chat_template(
        TALKS, tokenize=True, output_labels=True, depth_decoder_labels_ratio=0.5
    )
    labels = fields["labels"]
    assert (labels == AUDIO).sum() == 3 and (labels == -101).sum() == 3


def test_user_text_stays_text(processor: Any) -> None:
    text = "say <|AUDIO|> and <|begin_of_text|>, <|AUDIO|><|AUDIO|>"
    ids = processor.text_ids(text)
    assert not set(ids) & set(range(len(LETTERS), len(LETTERS) + len(SPECIAL)))
    assert len(ids) == len(text)
    fields = processor.apply_chat_template([turn(0, text)], tokenize=True)
    assert (fields["input_ids"] == AUDIO).sum() == 0


def test_plain_ids_even_if_the_tokenizer_will_not_listen() -> None:
    tokens = {7: "<x>", 8: "<xx>", 9: "a"}

    def encode(text: str) -> list[int]:
        for i, token in tokens.items():
            if len(token) > 1 and token in text:
                before, after = text.split(token, 1)
                return [*encode(before), i, *encode(after)]
        return [100 + ord(c) for c in text]

    ids = plain_ids(encode, tokens, "b<x><xx>a<x")
    assert ids == [100 + ord(c) for c in "b<x><xx>a<x"]


def test_roles_and_parts_are_checked(processor: Any) -> None:
    with pytest.raises(ValueError, match="'narrator'"):
        processor.apply_chat_template([{"role": "narrator", "content": "x"}], tokenize=True)
    with pytest.raises(ValueError, match="'image'"):
        processor.apply_chat_template([{"role": "0", "content": [{"type": "image"}]}], tokenize=True)


def test_saved_audio_and_saved_processor(processor: Any, tmp_path: Path) -> None:
    processor.save_audio(torch.zeros(480), tmp_path / "a.wav")
    assert soundfile.info(tmp_path / "a.wav").samplerate == 24000
    fields = processor.apply_chat_template(
        [{"role": "0", "content": [{"type": "audio", "path": str(tmp_path / "a.wav")}]}], tokenize=True
    )
    assert fields["input_values"].shape == (1, 1, 480)
    processor.save_pretrained(tmp_path)
    assert (
        transformers.CsmProcessor.from_pretrained(tmp_path).tokenizer.convert_tokens_to_ids("<|AUDIO|>")
        == AUDIO
    )


def test_audio_that_cannot_be_heard(processor: Any, tmp_path: Path) -> None:
    sound = np.zeros(2400, np.float32)
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, np.zeros((2400, 2), np.float32), 24_000)
    slow = tmp_path / "slow.wav"
    soundfile.write(slow, sound, 16_000)
    (tmp_path / "text.wav").write_text("x")

    def refused(words: str, audio: Any, **options: Any) -> None:
        talk = [{"role": "0", "content": [{"type": "text", "text": "x"}, {"type": "audio", "audio": audio}]}]
        with pytest.raises(ValueError, match=words):
            processor.apply_chat_template(talk, tokenize=True, **options)
        with pytest.raises(ValueError, match=words):
            processor("[0]x<|AUDIO|>", audio=[audio], **options)

    refused("stereo.wav: 2 channels", str(stereo))
    refused("2 channels", np.zeros((2, 2400), np.float32))
    refused("slow.wav: 16000 samples a second; resample it to 24000", slow)
    refused("44100 samples", {"array": sound, "sampling_rate": 44_100})
    refused("44100 samples", sound, sampling_rate=44_100)
    refused("44100 samples", sound, audio_kwargs={"sampling_rate": 44_100})
    refused("nowhere.wav: no such", str(tmp_path / "nowhere.wav"))
    refused("text.wav: cannot be read", str(tmp_path / "text.wav"))
    refused("no samples", np.zeros(0, np.float32))
    with pytest.raises(ValueError, match=r"ask for \[2, 0\] audios, 1"):
        processor(["[0]x<|AUDIO|><|AUDIO|>", "[1]y"], audio=sound)


def test_audio_as_datasets_give_it(processor: Any) -> None:
    sound = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    plain = processor("[0]x<|AUDIO|><|audio_eos|>", audio=sound)
    for same in ({"array": sound, "sampling_rate": 24_000}, torch.from_numpy(sound)[None], sound.tolist()):
        fields = processor("[0]x<|AUDIO|><|audio_eos|>", audio=[same])
        for name in plain:
            assert torch.equal(fields[name], plain[name]), name


def test_audio_alone(processor: Any) -> None:
    sounds = [np.full(n, 0.1, np.float32) for n in (4000, 1920)]
    fields = processor(audio=sounds)
    assert fields["input_values"].shape == (2, 1, 4000)
    assert fields["input_values_cutoffs"].tolist() == [[4000], [1920]]
    assert torch.equal(fields["input_values"][0, 0], torch.from_numpy(sounds[0]))
    assert processor(audio=sounds[1])["input_values"].shape == (1, 1, 1920)
    wrong: dict[str, dict[str, Any]] = {
        "resample": {"audio": sounds, "sampling_rate": 16_000},
        "neither text nor audio": {"audio": []},
        "2 channels": {"audio": [np.zeros((2, 9), np.float32)]},
        "text must be": {"audio": sounds, "output_labels": True},
    }
    for words, options in wrong.items():
        with pytest.raises(ValueError, match=words):
            processor(**options)


def test_several_audios_are_saved(processor: Any, tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", str(tmp_path / "b.flac")]
    processor.save_audio([torch.zeros(480), np.zeros(240, np.float32)], paths)
    assert [soundfile.info(path).frames for path in paths] == [480, 240]
    with pytest.raises(ValueError, match="1 audios and 2 paths"):
        processor.save_audio(torch.zeros(480), paths)
