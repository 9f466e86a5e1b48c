"""Checks that a checkpoint is complete and that this machine computes the right codes with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csm_cli.checkpoints.find import Checkpoint
    from csm_cli.engine import Engine

TEXT = "The past is just a story we tell ourselves."
FIRST_CODES = (
    1656, 366, 1343, 456, 456, 2027, 1215, 1615, 1259, 1211, 460, 908, 1599, 1615, 912, 80, 1161, 374, 1184,
    1141, 1141, 345, 336, 578, 184, 1484, 513, 1858, 1134, 1270, 1270, 1718, 1157,
)  # fmt: skip
"""Codebook 0 of csm-1b's greedy codes for TEXT as speaker 0, in float32; an EOS frame follows."""
FIRST_FRAME = (
    1656, 629, 723, 1785, 206, 1873, 1059, 1190, 1833, 240, 618, 350, 156, 109, 2010, 452, 435, 1764, 77,
    654, 1133, 908, 1095, 74, 804, 494, 1760, 1343, 1312, 1464, 1657, 324,
)  # fmt: skip
"""All codebooks of the first frame. Source of both: the integration test of the transformers library."""
PROMPT = "Hello, this is a test."
PROMPT_IDS = (128000, 58, 15, 60, 9906, 11, 420, 374, 264, 1296, 13, 128001)
"""csm-1b's prompt for PROMPT as speaker 0: nothing between tag and text, END behind it."""


@dataclass(frozen=True)
class ExpectedCodes:
    """Greedy codes of a model for a text: codebook 0 of all frames, and the whole first frame."""

    text: str
    first_codes: Sequence[int]
    first_frame: Sequence[int]


CSM_1B = ExpectedCodes(TEXT, FIRST_CODES, FIRST_FRAME)


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check.

    Attributes:
        matched, whole: frames that agree from the first on, and frames there are.
        ended: the line ended where it should.
        unit: of `matched` and `whole`.
    """

    name: str
    matched: int
    whole: int
    ended: bool
    unit: str = "frames"

    @property
    def good(self) -> bool:
        """Everything agrees."""
        return self.matched == self.whole and self.ended

    def __str__(self) -> str:
        if self.good:
            return f"{self.name}: all {self.whole} {self.unit} agree"
        where = f"{self.matched} of {self.whole} {self.unit} agree, then they part"
        return (
            f"{self.name}: {where if self.matched < self.whole else 'the line does not end where it should'}"
        )


def has_shape_of_csm_1b(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is csm-1b or a fine-tune of it."""
    config = checkpoint.config
    return (config["hidden_size"], config["num_hidden_layers"], config["num_codebooks"]) == (2048, 16, 32)


def is_csm_1b(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint has csm-1b's shape and name, so that its codes should be csm-1b's.

    Copies go by that name under other owners, `somebody/csm-1b`; what has more in its name is a fine-tune.
    """
    names = (checkpoint.model_id.split("/")[-1], *(p.split("--")[-1] for p in checkpoint.folder.parts))
    named = any(name.lower() == "csm-1b" for name in names)
    return has_shape_of_csm_1b(checkpoint) and checkpoint.base is None and named


def against_prompt(text_ids: Callable[[int, str], Sequence[int]]) -> CheckResult:
    """The ids of a prompt, compared with csm-1b's.

    Args:
        text_ids: (speaker, text) → BOS, the ids, END.
    """
    ids = text_ids(0, PROMPT)
    matched = _leading([a == b for a, b in zip(ids, PROMPT_IDS, strict=False)])
    return CheckResult("known prompt", matched, len(PROMPT_IDS), len(ids) == len(PROMPT_IDS), "ids")


def against_known(engine: Engine, expected: ExpectedCodes = CSM_1B) -> CheckResult:
    """Greedy codes, compared with those that the model is known to give.

    A long match proves the installation; an early difference on other hardware does not disprove it.
    """
    codes, ended = _greedy(engine, expected.text, len(expected.first_codes) + 1)
    whole = len(expected.first_codes)
    agree = [int(code) == wanted for code, wanted in zip(codes[:, 0], expected.first_codes, strict=False)]
    matched = _leading(agree)
    if matched and tuple(codes[0].tolist()) != tuple(expected.first_frame):
        matched = 0
    return CheckResult("known speech", matched, whole, ended and len(codes) == whole)


def against_reference(
    engine: Engine, checkpoint: Checkpoint, text: str = TEXT, frames: int = 6
) -> CheckResult:
    """Greedy codes of the engine, compared with those of `csm_cli.model` on the same machine, in float32."""
    import torch

    from csm_cli.model import CsmForConditionalGeneration, CsmProcessor

    codes, _ = _greedy(engine, text, frames)
    model = CsmForConditionalGeneration.from_checkpoint(checkpoint, torch.float32)
    processor = CsmProcessor.from_checkpoint(checkpoint)
    conversation = [{"role": "0", "content": [{"type": "text", "text": text}]}]
    inputs: Any = processor.apply_chat_template(conversation, tokenize=True, return_dict=True)
    plain = model.generate(**inputs, do_sample=False, max_new_tokens=frames)[0].numpy()
    agree = [bool((a == b).all()) for a, b in zip(codes, plain, strict=False)]
    return CheckResult("engine against plain model", _leading(agree), len(codes), True)


def _greedy(engine: Engine, text: str, frames: int) -> tuple[Any, bool]:
    from csm_cli.engine import Sampler, Utterance

    line = Utterance(0, text, (), seed=0, max_frames=frames, sampler=Sampler(0.0, 50, 0.0, 50))
    speech = engine.speak([line])[0]
    return speech.codes, speech.ended


def _leading(agree: Sequence[bool]) -> int:
    return next((number for number, same in enumerate(agree) if not same), len(agree))
