"""What the build adds: addresses, a README whose links work on PyPI, and the man pages if they were made."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tools.links import replace_relative_links, site_address  # noqa: E402


def constant(name: str) -> str:
    """The text that `csm_cli/core/__init__.py` assigns to a name; the file is read and not imported."""
    code = (ROOT / "csm_cli" / "core" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(rf'^{name} = "(.+)"$', code, re.MULTILINE)[0]


class Addresses(MetadataHookInterface):
    """The dynamic fields `readme` and `urls`. Links of the README lead to the files of its version."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository, version = constant("REPOSITORY"), constant("__version__")
        text = (ROOT / "README.md").read_text(encoding="utf-8")

        def address_of(target: str) -> str:
            kind = "raw" if target.endswith((".png", ".svg", ".jpg")) else "blob"
            return f"{repository}/{kind}/v{version}/{target}"

        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": replace_relative_links(text, address_of),
        }
        metadata["urls"] = {
            "Homepage": repository,
            "Documentation": site_address(repository),
            "Issues": f"{repository}/issues",
            "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        }


class ManPages(BuildHookInterface):
    """Pages that `make man` wrote into build/man: into the sdist, and as data of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        kind, folder = "force_include", "build/man"
        if self.target_name == "wheel":
            kind, folder = "shared_data", "share/man/man1"
        for page in sorted((ROOT / "build" / "man").glob("*.1")):
            build_data[kind][str(page)] = f"{folder}/{page.name}"
