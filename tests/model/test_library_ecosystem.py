"""With what people use beside transformers' models: trainers, adapters, exporters, loaders, pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers import DynamicCache

from csm_cli.model import CsmConfig, CsmForConditionalGeneration, CsmProcessor
from tests.model.tiny import BOOKS, CODES, prompt, reference, tiny_config

IDS = torch.tensor([prompt(["[0]hello there."])])
GREEDY: dict[str, Any] = {"do_sample": False, "max_new_tokens": 4}
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def frames(count: int) -> torch.Tensor:
    return torch.randint(0, CODES, (2, count, BOOKS), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def fresh(folder: Path) -> Any:
    return CsmForConditionalGeneration.from_pretrained(folder)


class Rows(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        codes = torch.randint(0, CODES, (6, BOOKS), generator=torch.Generator().manual_seed(row))
        return {
            "input_ids": codes,
            "labels": codes.clone(),
            "attention_mask": torch.ones(6, dtype=torch.long),
        }


@pytest.mark.parametrize("recompute", [False, True])
def test_trainer(fresh: Any, tmp_path: Path, recompute: bool) -> None:
    pytest.importorskip("accelerate")
    options = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"), max_steps=4, per_device_train_batch_size=2, learning_rate=3e-3,
        gradient_accumulation_steps=2, gradient_checkpointing=recompute, report_to=[], use_cpu=True,
        logging_steps=1, save_steps=4,
    )  # fmt: skip
    trainer = transformers.Trainer(fresh, options, train_dataset=Rows(), eval_dataset=Rows())
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert trainer.evaluate()["eval_loss"] < before
    again = CsmForConditionalGeneration.from_pretrained(tmp_path / "out" / "checkpoint-4").eval()
    torch.testing.assert_close(again(frames(5)).logits, trainer.model.eval()(frames(5)).logits, **CLOSE)


def test_accelerate(fresh: Any) -> None:
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    model, optimizer = accelerator.prepare(fresh, torch.optim.AdamW(fresh.parameters(), 1e-3))
    loss = model(frames(5), labels=frames(5)).loss
    accelerator.backward(loss)
    optimizer.step()
    assert model(frames(5), labels=frames(5)).loss < loss


def test_device_map_on_a_cpu(folder: Path, fresh: Any) -> None:
    pytest.importorskip("accelerate")
    mapped = CsmForConditionalGeneration.from_pretrained(folder, device_map="auto").eval()
    assert torch.equal(mapped.generate(IDS, **GREEDY), fresh.eval().generate(IDS, **GREEDY))


def test_peft(fresh: Any, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    plain = fresh.eval()(frames(5)).logits
    model = peft.get_peft_model(fresh, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-2)
    for _ in range(2):
        model(input_ids=frames(5), labels=frames(5)).loss.backward()
        optimizer.step()
    adapted = model.eval()(input_ids=frames(5)).logits
    assert not torch.allclose(adapted, plain, **CLOSE)
    codes = model.generate(input_ids=IDS, **GREEDY)
    model.save_pretrained(tmp_path)
    merged = model.merge_and_unload()
    torch.testing.assert_close(merged(frames(5)).logits, adapted, rtol=1e-4, atol=1e-4)
    assert codes.shape == (1, 4, BOOKS)


def test_export_of_a_pass_and_of_a_step(fresh: Any) -> None:
    model, codes = fresh.eval(), frames(5)
    exported = torch.export.export(model, (), {"input_ids": codes, "use_cache": False}, strict=False)
    found = exported.module()(input_ids=codes, use_cache=False)
    torch.testing.assert_close(found["logits"], model(codes, use_cache=False).logits, **CLOSE)


def test_export_of_generation(fresh: Any) -> None:
    """A step with a static cache, as an executable that is called again and again."""
    model, codes = fresh.eval(), frames(5)[:1]
    cache = transformers.StaticCache(model.config, max_cache_len=16)
    cache.early_initialization(1, 2, 16, torch.float32, torch.device("cpu"))

    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.cache = model, cache
            for number, layer in enumerate(cache.layers):
                self.register_buffer(f"keys_{number}", layer.keys, persistent=False)
                self.register_buffer(f"values_{number}", layer.values, persistent=False)
                self.register_buffer(f"length_{number}", layer.cumulative_length, persistent=False)

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids, past_key_values=self.cache, use_cache=True).logits[:, -1]

    with torch.no_grad():
        program = torch.export.export(Step(), (codes[:, :1],), strict=False).module()
        cache.reset()
        found = torch.stack([program(codes[:, t : t + 1]) for t in range(5)], dim=1)
        torch.testing.assert_close(found, model(codes).logits, **CLOSE)


def test_shards(fresh: Any, tmp_path: Path) -> None:
    fresh.save_pretrained(tmp_path, max_shard_size="60KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    again = CsmForConditionalGeneration.from_pretrained(tmp_path)
    for name, weight in fresh.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    theirs = transformers.CsmForConditionalGeneration.from_pretrained(tmp_path)
    torch.testing.assert_close(theirs(frames(3)).logits, fresh(frames(3)).logits, **CLOSE)


@pytest.mark.parametrize("dtype", [torch.bfloat16, "float16", "auto"])
def test_dtype(folder: Path, dtype: Any) -> None:
    model = CsmForConditionalGeneration.from_pretrained(folder, dtype=dtype)
    kind = {"auto": torch.float32, "float16": torch.float16}.get(dtype, dtype)
    assert model.lm_head.weight.dtype == kind


def test_a_model_of_config_and_weights_alone(fresh: Any) -> None:
    again = CsmForConditionalGeneration.from_pretrained(
        None, config=fresh.config, state_dict=fresh.state_dict()
    )
    assert torch.equal(again(frames(3)).logits, fresh(frames(3)).logits)


@pytest.mark.parametrize("as_folder", [False, True])
def test_pipeline(folder: Path, fresh: Any, tmp_path: Path, as_folder: bool) -> None:
    processor = CsmProcessor.from_pretrained(folder)
    speak = transformers.pipeline(
        "text-to-speech", model=fresh.eval(), tokenizer=processor.tokenizer, processor=processor
    )
    if as_folder:
        processor.save_audio(torch.zeros(480), tmp_path / "a.wav")
    given: Any = "[0]hello."
    if as_folder:
        parts = [{"type": "text", "text": "hello."}]
        given = [{"role": "0", "content": parts}]
    sound = speak(given, generate_kwargs={**GREEDY, "output_audio": True})
    audio = np.asarray(sound["audio"])
    assert audio.size == 4 * 1920 and np.isfinite(audio).all()


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "linear", "factor": 2.0},
        {"rope_type": "dynamic", "factor": 2.0},
        {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 16},
    ],
)
@pytest.mark.parametrize("act", ["silu", "gelu"])
@torch.no_grad()
def test_rotary_types_and_activations(rope: dict[str, Any], act: str) -> None:
    config = tiny_config() | {"max_position_embeddings": 32, "hidden_act": act}
    config["rope_parameters"] = {"rope_theta": 10000.0, **rope}
    theirs = reference(config)
    ours = CsmForConditionalGeneration(CsmConfig(**config)).eval()
    ours.load_state_dict(theirs.state_dict())
    for length in (5, 60, 7):  # a longer one changes the frequencies of "dynamic"
        codes = frames(length)
        torch.testing.assert_close(ours(codes).logits, theirs(codes).logits, **CLOSE)


@torch.no_grad()
def test_caches_out_and_in_of_either(fresh: Any, reference: Any) -> None:
    first = fresh(frames(6)[:, :4], use_cache=True).past_key_values
    assert isinstance(first, DynamicCache)
    more = reference(frames(6)[:, 4:], past_key_values=first).logits
    torch.testing.assert_close(more, fresh(frames(6)).logits[:, 4:], **CLOSE)


def test_what_is_written_is_what_transformers_writes(fresh: Any, reference: Any, tmp_path: Path) -> None:
    names = []
    for number, model in enumerate((fresh, reference)):
        model.save_pretrained(tmp_path / str(number))
        names.append(sorted(path.name for path in (tmp_path / str(number)).iterdir()))
    assert names[0] == names[1]
    mine, theirs = (json.loads((tmp_path / str(n) / "config.json").read_text()) for n in (0, 1))
    assert mine["architectures"] == theirs["architectures"] == ["CsmForConditionalGeneration"]
