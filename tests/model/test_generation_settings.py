"""Every setting of `generate` beyond greedy codes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import GenerationConfig
from transformers.generation import MaxTimeCriteria

from tests.model.tiny import BOOKS, CODES, PAD, prompt

IDS = torch.tensor([prompt(["[0]hello there."])])
GREEDY = {"do_sample": False, "max_new_tokens": 8}


def test_a_streamer_receives_every_frame(ours: Any) -> None:
    class Frames(list):
        def put(self, frame: torch.Tensor) -> None:
            self.append(frame)

        def end(self) -> None:
            self.append("end")

    streamed = Frames()
    codes = ours.generate(IDS.expand(2, -1), streamer=streamed, **GREEDY)
    assert streamed.pop() == "end"
    assert torch.equal(streamed.pop(0), IDS.expand(2, -1))
    assert torch.equal(torch.stack(streamed, dim=1), codes)


def test_processors_of_both_levels_are_obeyed(ours: Any) -> None:
    calls: list[tuple[int, ...]] = []

    def only(code: int) -> Any:
        def process(codes: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            calls.append(tuple(codes.shape))
            return torch.full_like(scores, -torch.inf).index_fill(1, torch.tensor([code]), 0.0)

        return [process]

    codes = ours.generate(IDS, logits_processor=only(7), depth_decoder_logits_processor=only(9), **GREEDY)
    assert codes[..., 0].unique().tolist() == [7]
    assert codes[..., 1:].unique().tolist() == [9]
    assert calls[:3] == [(1, 0, BOOKS), (1, 1), (1, 2)]


def test_stopping_criteria(ours: Any) -> None:
    def after_three(codes: torch.Tensor, scores: Any) -> torch.Tensor:
        return torch.tensor([codes.shape[1] >= 3, False])

    output = ours.generate(
        IDS.expand(2, -1), stopping_criteria=[after_three], return_dict_in_generate=True, **GREEDY
    )
    first, second = output.sequences
    assert (first[3:] == CODES + 2).all() and (first[:3] < CODES).all()
    assert (second < CODES).all() and len(second) == 8
    assert output.ended.tolist() == [False, False]
    codes = ours.generate(IDS, stopping_criteria=[MaxTimeCriteria(0.0)], **GREEDY)
    assert codes.shape[1] == 1


def test_lengths(ours: Any) -> None:
    prompted = IDS.shape[1]
    assert ours.generate(IDS, do_sample=False, max_length=prompted + 4).shape[1] == 4
    assert ours.generate(IDS, do_sample=False, max_length=prompted + 4, max_new_tokens=2).shape[1] == 2
    with pytest.raises(ValueError, match="max_length"):
        ours.generate(IDS, max_length=prompted)


def test_fewer_frames_than_the_least_never_end_a_line(ours: Any) -> None:
    def eos_only(codes: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.clone()
        scores[:, 0] = 1e4
        return scores

    settings = {"logits_processor": [eos_only], "depth_decoder_logits_processor": [eos_only], **GREEDY}
    assert ours.generate(IDS, **settings).shape[1] == 1
    for least in ({"min_new_tokens": 4}, {"min_length": IDS.shape[1] + 4}):
        codes = ours.generate(IDS, **least, **settings)
        assert codes.shape[1] == 5
        assert (codes[0, :4, 0] != 0).all() and (codes[0, 4] == 0).all()


def test_where_settings_come_from(ours: Any) -> None:
    greedy = ours.generate(IDS, **GREEDY)
    by_config = ours.generate(IDS, generation_config=GenerationConfig(do_sample=False, max_new_tokens=8))
    assert torch.equal(by_config, greedy)
    assert torch.equal(ours.generate(IDS, generation_config=GREEDY), greedy)
    sampled = ours.generate(IDS, generation_config=GREEDY, do_sample=True, seeds=1)
    assert not torch.equal(sampled, greedy)
    # Greedy on one level alone.
    half = ours.generate(
        IDS, do_sample=True, temperature=5.0, depth_decoder_do_sample=False, seeds=1, top_k=0
    )
    assert half.shape == (1, 125, BOOKS)
    with pytest.raises(ValueError, match="by beam search"):
        ours.generate(IDS, num_beams=4)


def test_suppressed_codes(ours: Any) -> None:
    first = int(ours.generate(IDS, **GREEDY)[0, 0, 0])
    assert int(ours.generate(IDS, suppress_tokens=[first], **GREEDY)[0, 0, 0]) != first


def test_what_a_call_can_return(ours: Any, reference: Any) -> None:
    names = ("output_scores", "output_logits", "output_hidden_states")
    settings = {**dict.fromkeys(names, True), "return_dict_in_generate": True, "max_new_tokens": 3}
    mine = ours.generate(IDS, do_sample=False, output_attentions=True, **settings)
    theirs = reference.generate(IDS, **settings)
    assert torch.equal(mine.sequences, theirs.sequences)
    close = {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(mine.logits, theirs.logits, **close)
    for ours_then, theirs_then in zip(mine.hidden_states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(ours_then[-1], theirs_then[-1], **close)
    assert len(mine.scores) == len(mine.attentions) == 3
    assert mine.past_key_values.get_seq_length() == IDS.shape[1] + 2


def test_going_on_from_codes(ours: Any, reference: Any) -> None:
    codes = torch.randint(0, CODES, (1, 4, BOOKS), generator=torch.Generator().manual_seed(1))
    mine = ours.generate(codes, do_sample=False, max_new_tokens=4)
    assert torch.equal(mine[:, :4], codes)
    assert torch.equal(mine, reference.generate(codes, max_new_tokens=4))


def test_top_p_of_both_levels(ours: Any) -> None:
    greedy = ours.generate(IDS, **GREEDY)
    tight = {"top_p": 1e-6, "depth_decoder_top_p": 1e-6, "temperature": 5.0, "top_k": 0}
    assert torch.equal(ours.generate(IDS, do_sample=True, max_new_tokens=8, seeds=3, **tight), greedy)


@pytest.mark.parametrize("rows", [1, 2])
def test_twelve_prompts_of_other_lengths_are_one_graph(ours: Any, rows: int) -> None:
    """With padding and without; what an earlier, longer prompt left in the cache is not attended to."""
    torch.compiler.reset()
    ours.__dict__.pop("_compiled_call", None)
    counters = torch._dynamo.utils.counters
    counters.clear()
    compiled = {"cache_implementation": "static", "compile_config": {"backend": "aot_eager"}}
    generator = torch.Generator().manual_seed(5)
    for number in range(12):
        length = 30 - 2 * number if number % 2 else 9 + 3 * number
        ids = torch.randint(5, 25, (rows, length), generator=generator)
        mask = torch.ones_like(ids)
        mask[-1, : number % 3] = 0
        settings = GREEDY | {"input_ids": ids, "attention_mask": mask, "max_new_tokens": 3 + number % 4}
        assert torch.equal(ours.generate(**settings, **compiled), ours.generate(**settings))
    assert counters["stats"]["unique_graphs"] == 2  # a step of the backbone, and one of the depth decoder


def test_a_static_cache_serves_calls_in_inference_mode_and_without(ours: Any) -> None:
    settings = {"input_ids": torch.tensor([prompt(["[0]hello"])]), "cache_implementation": "static", **GREEDY}
    with torch.inference_mode():
        first = ours.generate(**settings)
    assert torch.equal(ours.generate(**settings), first)


@pytest.mark.parametrize("padded", [False, True])
def test_static_cache_compiled_in_one_graph(ours: Any, padded: bool) -> None:
    rows = [prompt(["[0]hello"]), prompt(["[1]well, hello"])]
    longest = max(map(len, rows))
    settings: dict[str, Any] = {"input_ids": torch.tensor(rows[:1])}
    if padded:
        settings = {
            "input_ids": torch.tensor([[PAD] * (longest - len(row)) + row for row in rows]),
            "attention_mask": torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows]),
        }
    wanted = ours.generate(**settings, **GREEDY)
    plain = ours.generate(**settings, cache_implementation="static", disable_compile=True, **GREEDY)
    assert torch.equal(plain, wanted)
    compiled = ours.generate(
        **settings, cache_implementation="static", compile_config={"backend": "aot_eager"}, **GREEDY
    )
    assert torch.equal(compiled, wanted)


def test_a_depth_decoder_by_itself(ours: Any, reference: Any) -> None:
    hidden = torch.randn(3, 48, generator=torch.Generator().manual_seed(2))
    first = torch.tensor([[0, 3], [0, 7], [0, 31]])
    theirs = reference.depth_decoder.generate(
        input_ids=first, backbone_last_hidden_state=hidden, min_new_tokens=BOOKS - 1, max_new_tokens=BOOKS - 1
    )
    decoder = ours.depth_decoder
    mine = decoder.generate(first, backbone_last_hidden_state=hidden, do_sample=False, num_codes=CODES)
    assert torch.equal(mine, theirs)
    sampled = decoder.generate(
        first, backbone_last_hidden_state=hidden, seeds=[4, 5, 6], do_sample=True, temperature=2.0
    )
    assert torch.equal(
        sampled[1:2],
        decoder.generate(
            first[1:2], backbone_last_hidden_state=hidden[1:2], seeds=5, do_sample=True, temperature=2.0
        ),
    )
    assert not torch.equal(sampled, mine)
