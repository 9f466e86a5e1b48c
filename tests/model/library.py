"""By hand: transformers' own published tests of its CSM, run with the classes of `csm_cli.model`.

`python -m tests.model.library FOLDER [--theirs]`

FOLDER has the `tests` of a transformers release: a checkout, or its source package, which holds the common
ones only. `--theirs`: with transformers' classes, for comparison. Needs the package `parameterized`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import types
import unittest
from pathlib import Path
from typing import Any, ClassVar

from tests.model import tiny

STUBS = {
    "tests.generation.test_utils": "GenerationTesterMixin",
    "tests.exporters.test_export": "ExportTesterMixin",
}
"""Modules of the tests that a source package leaves out, and the classes that are wanted of them."""


def replace_classes() -> None:
    """Have `from transformers import Csm…` give ours."""
    import transformers
    from transformers.models.csm import configuration_csm, modeling_csm, processing_csm

    ours = importlib.import_module("csm_cli.model")
    for name in ours.__all__:
        for module in (transformers, modeling_csm, configuration_csm, processing_csm):
            if hasattr(module, name):
                setattr(module, name, getattr(ours, name))


def stand_in_for_what_is_missing() -> None:
    """Empty classes where a module of the tests is not there."""
    try:
        importlib.import_module("fetch_hub_objects_for_ci")
    except ModuleNotFoundError:
        fetch: Any = types.ModuleType("fetch_hub_objects_for_ci")
        fetch.url_to_local_path = lambda url, *more: url
        sys.modules[fetch.__name__] = fetch
    for path, name in STUBS.items():
        package, _, _ = path.rpartition(".")
        try:
            importlib.import_module(path)
        except ModuleNotFoundError:
            for each in (package, path):
                sys.modules.setdefault(each, types.ModuleType(each))
            setattr(sys.modules[path], name, type(name, (), {}))
            print(f"{path} is not there: its cases are left out")


def own_cases() -> list[type]:
    """The common cases on a tiny CSM, for a copy without `tests/models/csm`."""
    import copy

    import torch
    import transformers
    from transformers.testing_utils import torch_device

    from tests.generation.test_utils import GenerationTesterMixin
    from tests.test_modeling_common import ModelTesterMixin, ids_tensor

    books = 4
    small = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    small |= {"num_key_value_heads": 2, "num_codebooks": books, "vocab_size": 6}
    codec = {"model_type": "mimi", "hidden_size": 32, "num_filters": 8, "upsampling_ratios": [8, 4]}
    codec |= {"codebook_size": 64, "codebook_dim": 64, "vector_quantization_hidden_dimension": 64}
    codec |= {"upsample_groups": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "use_cache": False}
    codec |= {"num_key_value_heads": 2, "sliding_window": 4}
    ids = {"bos_token_id": 1, "pad_token_id": 2, "eos_token_id": 3, "codebook_pad_token_id": 2}

    class Tester:
        is_training, batch_size, seq_length, pad_token_id = True, 3, 7, 2
        num_hidden_layers, num_attention_heads, hidden_size, vocab_size = 2, 4, 64, 6
        config: ClassVar = {"num_codebooks": books}

        def __init__(self, parent: Any) -> None:
            self.parent = parent

        def get_config(self) -> Any:
            depth = {**small, "backbone_hidden_size": 64, "max_position_embeddings": books}
            return transformers.CsmConfig(
                **small, **ids, text_vocab_size=99, max_position_embeddings=10, codebook_eos_token_id=3,
                depth_decoder_config=depth, codec_config=codec,
            )  # fmt: skip

        def prepare_config_and_inputs_for_common(self) -> Any:
            config = self.get_config()
            codes = ids_tensor([3, 7, books], config.vocab_size - 1) + 1
            return config, {"input_ids": codes, "attention_mask": codes[..., -1].ne(1).to(torch_device)}

    class CsmCases(ModelTesterMixin, GenerationTesterMixin, unittest.TestCase):  # type: ignore[misc, valid-type]
        all_model_classes = (transformers.CsmForConditionalGeneration,)
        test_resize_embeddings = False

        def setUp(self) -> None:
            self.model_tester = Tester(self)

        def _prepare_for_class(self, inputs: Any, model_class: Any, return_labels: bool = False) -> Any:
            inputs = copy.deepcopy(inputs)
            if return_labels:
                inputs["labels"] = torch.zeros(3, 7, books, dtype=torch.long, device=torch_device)
            return inputs

    return [CsmCases, processor_cases()]


def processor_cases() -> type:
    """The common cases of processors, with a tokenizer of letters."""
    import transformers

    from tests.test_processing_common import ProcessorTesterMixin

    class ProcessorCases(ProcessorTesterMixin, unittest.TestCase):  # type: ignore[misc, valid-type]
        processor_class = transformers.CsmProcessor
        audio_input_name = "input_values"
        chat_template_user_role = "0"

        @classmethod
        def _setup_tokenizer(cls) -> Any:
            with tempfile.TemporaryDirectory() as folder:
                tiny.write_tokenizer(Path(folder))
                tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
            tokenizer.eos_token = tiny.SPECIAL[1]
            return tokenizer

        @classmethod
        def _setup_feature_extractor(cls) -> Any:
            return transformers.EncodecFeatureExtractor(sampling_rate=24_000)

        @staticmethod
        def prepare_processor_dict() -> dict[str, Any]:
            template = (
                "{%- for turn in messages %}{{- bos_token + '[' + turn['role'] + ']' }}"
                "{{- turn['content'][0]['text'] + eos_token }}"
                "{%- if turn['content'] | length > 1 %}{{- '<|AUDIO|><|audio_eos|>' }}{%- endif %}"
                "{%- endfor %}"
            )
            return {"chat_template": template}

    return ProcessorCases


def main() -> int:
    folder, options = Path(sys.argv[1]).resolve(), sys.argv[2:]
    root = folder if (folder / "tests").is_dir() else folder.parent
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        del sys.modules[name]
    tests: Any = types.ModuleType("tests")
    tests.__path__ = [str(root / "tests")]
    sys.modules["tests"] = tests
    sys.path.append(str(root / "utils"))
    if "--theirs" not in options:
        replace_classes()
    stand_in_for_what_is_missing()
    loader, suite = unittest.TestLoader(), unittest.TestSuite()
    found = sorted((root / "tests" / "models" / "csm").glob("test_*.py"))
    for path in found:
        suite.addTests(loader.loadTestsFromModule(importlib.import_module(f"tests.models.csm.{path.stem}")))
    for case in [] if found else own_cases():
        suite.addTests(loader.loadTestsFromTestCase(case))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun} cases: {result.testsRun - bad - len(result.skipped)} passed, {bad} failed")
    for case, _ in [*result.failures, *result.errors]:
        print(f"  {case.id().rpartition('.')[2]}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
