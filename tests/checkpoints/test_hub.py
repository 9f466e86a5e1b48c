"""`csm models` against a Hub on localhost: what is fetched, going on after a break, what is explained."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file, save_file

from csm_cli.checkpoints.card import languages_of
from csm_cli.checkpoints.convert import convert
from csm_cli.checkpoints.find import Checkpoint, find_checkpoint
from csm_cli.checkpoints.hub import Wanted, choose_files
from tests.checkpoints.hub_server import COMMIT, FakeHub, hub


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with hub() as running:
        yield running


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def csm(
    server: FakeHub, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """The command line in this process, its Hub library pointed at the server."""
    from csm_cli.cli.app import main

    constants = "huggingface_hub.constants."
    monkeypatch.setattr(constants + "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants + "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants + "HF_HUB_CACHE", str(own_home / "hub"))

    def run(*arguments: str, endpoint: str = server.url) -> Done:
        monkeypatch.setattr(constants + "ENDPOINT", endpoint)
        template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants + "HUGGINGFACE_CO_URL_TEMPLATE", template)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def repository(folder: Path, original: Path, server: FakeHub, tmp_path: Path) -> Path:
    """As csm-1b's: shards of the transformers format beside the original's two files."""
    path = convert(find_checkpoint(folder), tmp_path / "repo", "transformers", shard_bytes=100_000)
    for shard in path.glob("model-*"):
        shard.rename(path / shard.name.replace("model-", "transformers-"))
    index = path / "model.safetensors.index.json"
    text = index.read_text().replace('"model-', '"transformers-')
    (path / "transformers.safetensors.index.json").write_text(text)
    index.unlink()
    config = json.loads((path / "config.json").read_text())
    config["transformers_weights"] = "transformers.safetensors.index.json"
    (path / "config.json").write_text(json.dumps(config))
    shutil.copyfile(original / "model.safetensors", path / "model.safetensors")
    (path / "ckpt.pt").write_bytes(b"x" * 1000)
    (path / "prompts.wav").write_bytes(b"x" * 1000)
    (path / "README.md").write_text("---\nlanguage: [de, fr]\n---\n# A model\n")
    server.repositories["some/csm-1b"] = path
    return path


def test_only_what_is_needed_is_fetched(csm: Any, server: FakeHub, repository: Path) -> None:
    done = csm("models", "pull", "some/csm-1b")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name == COMMIT
    got = {path.name for path in folder.iterdir()}
    assert not {"model.safetensors", "ckpt.pt", "prompts.wav"} & (got | server.fetched())
    assert {"config.json", "tokenizer.json", "transformers.safetensors.index.json"} <= got
    assert sum(name.startswith("transformers-") for name in got) > 1
    assert "transformers-00002-of-" in done.stderr and "/" in done.stderr
    assert languages_of(folder) == ("de", "fr"), "the card has come along"
    assert csm("models", "path", "some/csm-1b").stdout.strip() == str(folder)
    listed = json.loads(csm("models", "list", "--json").stdout)
    assert [(row["name"], row["problem"], row["default"]) for row in listed] == [
        ("demo", None, True),
        ("some/csm-1b", None, False),
    ]
    verified = csm("models", "verify", "some/csm-1b")
    assert verified.returncode == 0, verified.stderr
    assert "all 6 frames agree" in verified.stdout
    server.log.clear()
    assert csm("models", "pull", "some/csm-1b").returncode == 0
    assert server.fetched() <= {"config.json"}


def test_a_download_goes_on_after_a_kill(
    server: FakeHub, folder: Path, tmp_path: Path, own_home: Path
) -> None:
    """In processes of their own, as a user runs it; the first is killed in the middle of the weights."""
    voice = Path(shutil.copytree(folder, tmp_path / "voice"))
    weights = load_file(voice / "model.safetensors") | {"padding": torch.arange(6_000_000.0)}
    save_file(weights, voice / "model.safetensors", {"format": "pt"})
    server.repositories["some/voice"] = voice
    env = {**os.environ, "HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
           "HF_HUB_CACHE": str(own_home / "hub")}  # fmt: skip
    command = [sys.executable, "-m", "csm_cli", "models", "pull", "some/voice"]
    server.stall_after["model.safetensors"] = 15_000_000
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert server.stalled.wait(60)
        parts: list[Path] = []
        while not parts or parts[0].stat().st_size < 10_000_000:
            assert first.poll() is None
            time.sleep(0.05)
            parts = list((own_home / "hub").rglob("*.part"))
        first.kill()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ranges = [
        wanted for method, path, wanted in server.log if method == "GET" and path.endswith(".safetensors")
    ]
    assert ranges[0] is None
    assert int(str(ranges[1]).removeprefix("bytes=").rstrip("-")) >= 10_000_000
    stored = Path(done.stdout.strip()) / "model.safetensors"
    assert stored.read_bytes() == (voice / "model.safetensors").read_bytes()
    assert not list((own_home / "hub").rglob("*.part"))


def test_the_original_format_brings_its_codec(
    csm: Any, server: FakeHub, original: Path, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(original, tmp_path / "bare"))
    shutil.move(bare / "mimi", tmp_path / "mimi")
    server.repositories |= {"some/voice": bare, "kyutai/mimi": tmp_path / "mimi"}
    done = csm("models", "pull", "some/voice")
    assert done.returncode == 0, done.stderr
    assert csm("models", "verify", "some/voice").returncode == 0
    listed = json.loads(csm("models", "list", "--json").stdout)
    assert {row["name"]: row["kind"] for row in listed} == {
        "demo": "model", "kyutai/mimi": "codec", "some/voice": "model",
    }  # fmt: skip


def test_one_set_of_weights_is_chosen_safetensors_before_a_pickle() -> None:
    def chosen(*weights: str, config: str = "{}") -> list[str]:
        files = [Wanted(name, 1) for name in ("config.json", "README.md", *weights)]
        texts = {
            "config.json": config,
            "a.index.json": '{"weight_map": {"x": "a-1", "y": "a-2", "z": "a-1"}}',
        }
        names = [file.name for file in choose_files(files, texts.__getitem__)]
        assert names[:2] in (["config.json", "README.md"], [])
        return names[2:]

    pickles = ("ckpt.pt", "adapter_model.bin")
    assert chosen(*pickles, "model.safetensors") == ["model.safetensors"]
    assert chosen(*pickles, "adapter_model.safetensors") == ["adapter_model.safetensors"]
    assert chosen(*pickles) == ["ckpt.pt"]
    named = '{"transformers_weights": "a.index.json"}'
    shards = ("a.index.json", "a-1", "a-2", "model.safetensors", "ckpt.pt")
    assert chosen(*shards, config=named) == ["a.index.json", "a-1", "a-2"]
    assert chosen("prompts.wav") == []


def test_an_adapter_brings_its_base(csm: Any, server: FakeHub, folder: Path, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    from csm_cli.model import CsmForConditionalGeneration

    base = CsmForConditionalGeneration.from_pretrained(folder)
    wrapped = peft.get_peft_model(base, peft.LoraConfig(r=2, target_modules=["q_proj"]))
    wrapped.save_pretrained(tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "some/base"
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    server.repositories |= {"some/adapter": tmp_path / "adapter", "some/base": folder}
    done = csm("models", "pull", "some/adapter")
    assert done.returncode == 0, done.stderr
    assert csm("models", "verify", "some/adapter").returncode == 0


def test_a_recogniser_is_fetched_for_asr(csm: Any, server: FakeHub, tmp_path: Path) -> None:
    names = ("config.json", "tokenizer.json", "vocab.json", "merges.txt", "preprocessor_config.json",
             "model.safetensors", "flax_model.msgpack")  # fmt: skip
    for name in names:
        (tmp_path / name).write_text('{"model_type": "whisper"}' if name == "config.json" else "{}")
    server.repositories["some/whisper"] = tmp_path
    done = csm("models", "pull", "some/whisper")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in Path(done.stdout.strip()).iterdir()} == set(names[:-1])
    rows = json.loads(csm("models", "list", "--json").stdout)
    assert [(row["name"], row["kind"]) for row in rows[1:]] == [("some/whisper", "recogniser")]


def test_a_whisper_in_another_format_is_fetched_too(csm: Any, server: FakeHub, tmp_path: Path) -> None:
    """That of CTranslate2: other names, and a config without a model type."""
    names = ("config.json", "tokenizer.json", "vocabulary.txt", "README.md", "model.bin", "notes.pdf")
    for name in names:
        (tmp_path / name).write_text('{"alignment_heads": [[0, 0]]}' if name == "config.json" else "{}")
    server.repositories["some/faster-whisper"] = tmp_path
    done = csm("models", "pull", "some/faster-whisper")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in Path(done.stdout.strip()).iterdir()} == set(names[:-1])
    rows = json.loads(csm("models", "list", "--json").stdout)
    assert [(row["name"], row["kind"]) for row in rows[1:]] == [("some/faster-whisper", "recogniser")]


def test_what_cannot_be_fetched_is_explained(
    csm: Any, server: FakeHub, repository: Path, tmp_path: Path
) -> None:
    def refused(model: str, *words: str, **options: str) -> None:
        done = csm("models", "pull", model, **options)
        assert done.returncode == 4, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert all(word in done.stderr for word in words), done.stderr

    refused("no/where", "no/where", "no such model")
    refused("some/csm-1b", "broke off", "again", endpoint="http://127.0.0.1:9")
    server.gated.add("some/csm-1b")
    refused("some/csm-1b", "gated", "huggingface.co/some/csm-1b", "hf auth login")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_text("x")
    server.repositories["some/text"] = tmp_path / "other"
    refused("some/text", "no weights that csm reads")


def test_a_damaged_model_is_listed_with_its_fault(
    csm: Any, server: FakeHub, folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    del config["depth_decoder_config"]
    (copy / "config.json").write_text(json.dumps(config))
    server.repositories["some/voice"] = copy
    assert csm("models", "pull", "some/voice").returncode == 4
    assert "describes no depth decoder" in csm("models", "list").stdout


def test_a_model_that_says_something_else(folder: Path, tmp_path: Path) -> None:
    """`verify` compares codes: a change of one weight is seen."""
    from csm_cli.engine import Engine, Sampler, Utterance
    from csm_cli.engine.self_test import ExpectedCodes, against_known

    engine = Engine.load(folder, "cpu", "float32")
    greedy = Sampler(0.0, 50, 0.0, 50)
    codes = engine.speak([Utterance(0, "hello", (), seed=0, max_frames=6, sampler=greedy)])[0].codes
    expected = ExpectedCodes("hello", codes[:, 0].tolist(), codes[0].tolist())
    verdict = against_known(engine, expected)
    assert verdict.matched == 6 and not verdict.ended and not verdict.good
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights["lm_head.weight"].flip(0).contiguous()
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    other = against_known(Engine.load(copy, "cpu", "float32"), expected)
    assert other.matched == 0
    assert str(other) == "known speech: 0 of 6 frames agree, then they part"


@pytest.mark.parametrize("apart", ["", " "])
def test_the_known_prompt(tmp_path: Path, apart: str) -> None:
    """A tokenizer that has csm-1b's ids for the pieces of that text: what is around them counts."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    from csm_cli.engine.prompt import BOS, END, Prompter
    from csm_cli.engine.self_test import PROMPT_IDS, against_prompt

    pieces = ["[", "0", "]", "Hello", ",", " this", " is", " a", " test", "."]
    known = dict(zip([BOS, *pieces, END], PROMPT_IDS, strict=True)) | {" Hello": 22691, "?": 30}
    tokenizer = Tokenizer(models.WordLevel(known, "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r" ?[A-Za-z]+|."), "isolated")
    tokenizer.add_special_tokens([BOS, END])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    config = {"num_codebooks": 5, "vocab_size": 35, "codec_config": {"codebook_size": 32}}
    prompter = Prompter(tmp_path / "tokenizer.json", config)
    verdict = against_prompt(lambda speaker, text: prompter.text_ids(speaker, apart + text))
    assert verdict.good is not bool(apart)
    counts = "all 12 ids agree" if verdict.good else "4 of 12 ids agree, then they part"
    assert str(verdict) == f"known prompt: {counts}"


def test_which_checkpoints_are_csm_1b() -> None:
    from csm_cli.engine.self_test import is_csm_1b

    config = {"hidden_size": 2048, "num_hidden_layers": 16, "num_codebooks": 32}

    def recognised(name: str, folder: str = "/x", **change: int) -> bool:
        return is_csm_1b(Checkpoint(name, Path(folder), config | change))

    assert recognised("sesame/csm-1b") and recognised("somebody/CSM-1B") and recognised("csm-1b")
    assert recognised("0" * 40, "/hub/models--sesame--csm-1b/snapshots/" + "0" * 40)
    assert not recognised("somebody/csm-1b-elise") and not recognised("voice")
    assert not recognised("sesame/csm-1b", num_hidden_layers=2)


def test_the_known_codes_are_whole() -> None:
    from csm_cli.engine.self_test import FIRST_CODES, FIRST_FRAME

    assert (len(FIRST_CODES), len(FIRST_FRAME), FIRST_CODES[0]) == (33, 32, FIRST_FRAME[0])
