"""The reference, its checkpoint, and ours loaded from it: made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.model.tiny import tiny_reference, write_tokenizer


@pytest.fixture(scope="session")
def reference() -> Any:
    return tiny_reference()


@pytest.fixture(scope="session")
def folder(reference: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The random CSM as transformers saves it, with a tokenizer."""
    path = tmp_path_factory.mktemp("reference")
    reference.save_pretrained(path)
    write_tokenizer(path)
    return path


@pytest.fixture(scope="session")
def ours(folder: Path) -> Any:
    from csm_cli.model import CsmForConditionalGeneration

    return CsmForConditionalGeneration.from_pretrained(folder).eval()
