"""Fields against transformers' processor; user text that looks like special tokens."""

from __future__ import annotations

import base64
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
        TALKS, tokenize=True, return_dict=True, output_labels=True, depth_decoder_labels_ratio=0.5
    )
    labels = fields["labels"]
    assert (labels == AUDIO).sum() == 3 and (labels == -101).sum() == 3


def test_user_text_stays_text(processor: Any) -> None:
    text = "say <|AUDIO|> and <|begin_of_text|>, <|AUDIO|><|AUDIO|>"
    ids = processor.text_ids(text)
    assert not set(ids) & set(range(len(LETTERS), len(LETTERS) + len(SPECIAL)))
    assert len(ids) == len(text)
    fields = processor.apply_chat_template([turn(0, text)], tokenize=True, return_dict=True)
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
        [{"role": "0", "content": [{"type": "audio", "path": str(tmp_path / "a.wav")}]}],
        tokenize=True,
        return_dict=True,
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
        "or audio be given": {"audio": []},
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


CALLS: dict[str, dict[str, Any]] = {
    "longest": {"padding": "longest"},
    "right": {"padding_side": "right"},
    "text to a length": {"text_kwargs": {"padding": "max_length", "max_length": 50, "padding_side": "right"}},
    "text cut off": {"text_kwargs": {"truncation": True, "max_length": 9}},
    "text to a multiple": {"text_kwargs": {"pad_to_multiple_of": 16}},
    "audio to a length": {"audio_kwargs": {"padding": "max_length", "max_length": 9000}},
    "no mask": {"return_attention_mask": False},
    "special tokens": {"add_special_tokens": True},
    # These hold for text and audio; transformers' own feature extractor refuses some of them.
    "all to a length": {"padding": "max_length", "max_length": 60},
    "all cut off": {"padding": True, "truncation": True, "max_length": 9},
    "all to a multiple": {"pad_to_multiple_of": 16},
}


def outcome(call: Any) -> Any:
    """The fields, or the type of what was raised."""
    try:
        return dict(call())
    except (TypeError, ValueError) as error:
        return type(error)


def alike(mine: Any, wanted: Any) -> None:
    if not isinstance(wanted, dict):
        assert mine is wanted
        return
    assert mine.keys() == wanted.keys()
    for name in wanted:
        assert torch.equal(mine[name], wanted[name]), name


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("with_audio", [False, True])
def test_settings_of_a_call(processor: Any, theirs: Any, call: str, with_audio: bool) -> None:
    texts = ["[0]hello there" + "<|AUDIO|><|audio_eos|>" * with_audio, "[1]no"]
    audio = {"audio": [np.linspace(-0.5, 0.5, 4000, dtype=np.float32)]} if with_audio else {}
    alike(*(outcome(lambda each=each: each(texts, **audio, **CALLS[call])) for each in (processor, theirs)))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("passed", ["by themselves", "in processor_kwargs"])
def test_settings_of_a_conversation(processor: Any, theirs: Any, call: str, passed: str) -> None:
    if call == "special tokens":
        pytest.skip("the format has them")
    talks = [[turn(0, "hello there.")], [turn(3, "x")]]
    given = CALLS[call] if passed == "by themselves" else {"processor_kwargs": CALLS[call]}
    alike(
        *(
            outcome(
                lambda each=each: each.apply_chat_template(talks, tokenize=True, return_dict=True, **given)
            )
            for each in (processor, theirs)
        )
    )


def test_labels_asked_for_in_processor_kwargs(processor: Any, theirs: Any) -> None:
    asked = {"tokenize": True, "return_dict": True, "processor_kwargs": {"output_labels": True}}
    alike(
        *(outcome(lambda each=each: each.apply_chat_template(TALKS, **asked)) for each in (processor, theirs))
    )


def test_a_setting_given_twice_is_refused(processor: Any, theirs: Any) -> None:
    for each in (processor, theirs):
        with pytest.raises(ValueError, match="padding"):
            each("[0]x", padding=True, text_kwargs={"padding": "longest"})


def test_templates(processor: Any, theirs: Any) -> None:
    other = "{%- for turn in messages %}{{ turn['role'] ~ ': ' ~ turn['content'][0]['text'] }}{% endfor %}"
    assert processor.apply_chat_template(TALKS[0][2:], chat_template=other) == "0: fine."
    assert theirs.apply_chat_template(TALKS[0][2:], chat_template=other) == "0: fine."
    cut = [each.apply_chat_template(TALKS[0], continue_final_message=True) for each in (processor, theirs)]
    assert cut[0] == cut[1] and cut[0].endswith("fine.")
    ids = processor.apply_chat_template(TALKS[0], continue_final_message=True, tokenize=True)
    assert ids[0, -1] != END
    with pytest.raises(Exception, match="only numbers"):  # jinja2's own
        processor.apply_chat_template(TALKS, chat_template="{{ raise_exception('only numbers') }}")


@pytest.mark.parametrize("template", [None, TEMPLATE])
def test_user_text_stays_text_in_any_template(folder: Path, template: str | None) -> None:
    processor = CsmProcessor.from_pretrained(folder)
    processor.chat_template = template
    text = "a<|AUDIO|>b<|end_of_text|>"
    fields = processor.apply_chat_template([turn(0, text)], tokenize=True, return_dict=True)
    assert fields["input_ids"][0].tolist() == [BOS, *processor.text_ids(f"[0]{text}"), END]
    assert processor.apply_chat_template([turn(0, text)]) == f"<|begin_of_text|>[0]{text}<|end_of_text|>"


def test_places_for_audio_without_audio(processor: Any, theirs: Any) -> None:
    talk = [{"role": "0", "content": [{"type": "text", "text": "x"}, {"type": "audio"}]}]
    assert processor.apply_chat_template(talk) == theirs.apply_chat_template(talk)
    with pytest.raises(ValueError, match=r"ask for \[1\] audios, 0"):
        processor.apply_chat_template(talk, tokenize=True)


def test_text_without_a_place_for_its_audio(processor: Any, theirs: Any, caplog: Any) -> None:
    mine, wanted = (each("[0]x", audio=np.zeros(2400, np.float32)) for each in (processor, theirs))
    assert mine.keys() == wanted.keys()
    assert mine["input_values_cutoffs"].tolist() == wanted["input_values_cutoffs"].tolist() == [[-1]]
    assert "no text has a place for audio" in caplog.text


def test_what_a_file_states(processor: Any, tmp_path: Path) -> None:
    for options in ({"sampling_rate": 16_000}, {"audio_kwargs": {"sampling_rate": 16_000}}):
        processor.save_audio(torch.zeros(480), tmp_path / "a.wav", **options)
        assert soundfile.info(tmp_path / "a.wav").samplerate == 16_000


def test_audios_in_a_list_for_each_text(processor: Any, theirs: Any) -> None:
    sound = [np.full(n, 0.1, np.float32) for n in (4000, 1920, 2500)]
    texts = ["[0]a<|AUDIO|><|audio_eos|>", "[0]b<|AUDIO|><|audio_eos|>c<|AUDIO|><|audio_eos|>"]
    wanted = theirs(texts, audio=sound)  # not every version of transformers takes lists for each text
    for audio in (sound, [sound[:1], sound[1:]]):
        alike(dict(processor(texts, audio=audio)), dict(wanted))


def test_what_only_written_prompts_have_is_refused_for_conversations(processor: Any) -> None:
    assert "offset_mapping" in processor("[0]x", return_offsets_mapping=True)
    with pytest.raises(ValueError, match="return_offsets_mapping: only for prompts written out"):
        processor.apply_chat_template([turn(0, "x")], tokenize=True, return_offsets_mapping=True)


def test_turns_of_any_kind_in_a_template_of_the_callers(processor: Any, theirs: Any) -> None:
    template = "{%- for turn in messages %}{{ turn['role'] }}{{ turn.get('content') or '-' }}|{% endfor %}"
    talk = [{"role": "user"}, {"role": "1", "content": None}, {"role": "2", "content": "x"}]
    mine, wanted = (each.apply_chat_template(talk, chat_template=template) for each in (processor, theirs))
    assert mine == wanted.replace("None", "-")


def test_defaults_that_can_be_read(processor: Any) -> None:
    assert processor.text_kwargs["padding_side"] == "left"
    assert processor.audio_kwargs["return_tensors"] == "pt"


def test_audio_in_base64(processor: Any, tmp_path: Path) -> None:
    sound = np.linspace(-0.5, 0.5, 2400, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 24_000)
    coded = base64.b64encode((tmp_path / "a.wav").read_bytes()).decode()
    wanted = processor("[0]x<|AUDIO|>", audio=str(tmp_path / "a.wav"))["input_values"]
    found = outcome(lambda: processor("[0]x<|AUDIO|>", audio=coded))
    if isinstance(found, dict):  # transformers reads it with a package that need not be there
        torch.testing.assert_close(found["input_values"], wanted, rtol=0, atol=1e-3)
    else:
        assert found is ValueError
    with pytest.raises(ValueError, match="cannot be read as audio"):
        processor("[0]x<|AUDIO|>", audio="data:audio/wav;base64,AAAA")
