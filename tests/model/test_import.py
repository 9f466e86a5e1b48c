"""What is loaded when."""

from __future__ import annotations

import subprocess
import sys


def loaded(statement: str) -> set[str]:
    code = (
        f"import sys; {statement}; print(*({{'torch', 'transformers', 'tokenizers'}} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_package_loads_nothing() -> None:
    assert loaded("import csm_cli.model") == set()


def test_what_the_engine_uses_needs_torch_only() -> None:
    assert loaded("import csm_cli.model.rope, csm_cli.model.sampling") == {"torch"}


def test_finding_a_checkpoint_needs_none_of_them() -> None:
    """`csm models list` and `csm models path` print at once."""
    assert loaded("from csm_cli.cli.models import list_models, path; list_models(); path('demo')") == set()
