"""What goes to PyPI: metadata, the README as it is shown there, and the files of the sdist and the wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from markdown_it import MarkdownIt

from csm_cli.core import REPOSITORY, __version__
from tools.links import replace_relative_links, site_address
from tools.release_notes import notes_of

ROOT = Path(__file__).parents[1]
HERE = f"{REPOSITORY}/blob/v{__version__}/"
EXTRAS = ["asr", "fast", "formats", "languages", "play", "ray", "train", "verify", "watermark", "web"]


@pytest.fixture(scope="module")
def metadata() -> ProjectMetadata:
    return ProjectMetadata(str(ROOT), PluginManager())


@pytest.fixture(scope="module")
def in_sdist(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the sdist by their paths in it."""
    folder = tmp_path_factory.mktemp("dist")
    (archive,) = SdistBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with tarfile.open(archive) as packed:
        return {name.partition("/")[2] for name in packed.getnames()}


def targets(markdown: str) -> list[str]:
    """What links and images lead to."""
    found = []
    for block in MarkdownIt("commonmark").enable("table").parse(markdown):
        for token in block.children or ():
            found += [str(token.attrs[key]) for key in ("href", "src") if key in token.attrs]
    return found


def test_who_where_and_for_what(metadata):
    core = metadata.core
    assert (core.name, metadata.version) == ("csm-cli", __version__)
    assert core.license_expression == "Apache-2.0"
    assert core.authors_data["name"] == ["The csm contributors"]
    assert core.urls == {
        "Homepage": REPOSITORY,
        "Documentation": site_address(REPOSITORY),
        "Issues": f"{REPOSITORY}/issues",
        "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
    }
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in core.classifiers
        assert core.python_constraint.contains(f"{version}.1")
    assert not core.python_constraint.contains("3.10.9") and not core.python_constraint.contains("3.14.0")
    assert "Operating System :: POSIX :: Linux" in core.classifiers
    assert any(each.startswith("Development Status :: ") for each in core.classifiers)
    assert core.scripts == {"csm": "csm_cli.cli.app:main"}
    assert set(EXTRAS) <= set(core.optional_dependencies)


def test_the_project_has_an_address_of_its_own_alone_in_one_place(in_sdist):
    """Beside `REPOSITORY` the address stands only in what `make addresses` writes."""
    text = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".cff", ".txt", ""}
    files = {ROOT / name for name in in_sdist if name != "PKG-INFO" and Path(name).suffix in text}
    holding = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and path.stat().st_size < 1e6 and REPOSITORY.encode() in path.read_bytes()
    }
    assert holding == {"csm_cli/core/__init__.py", "CITATION.cff", "docs/script.schema.json"}


def test_links_of_the_readme_work_on_pypi(metadata, in_sdist):
    shown = metadata.core.readme
    assert metadata.core.readme_content_type == "text/markdown"
    links = targets(shown)
    assert len(links) > 20
    assert all(re.match("https://|#", each) for each in links)
    own = {each.removeprefix(HERE).partition("#")[0] for each in links if each.startswith(HERE)}
    assert {"docs/scripts.md", "docs/recipes.md", "docs/glossary.md", "LICENSE"} <= own
    for name in own:
        assert (ROOT / name).exists(), name
        assert name in in_sdist or any(each.startswith(f"{name}/") for each in in_sdist), name
    source = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown.replace(HERE, "") == source, "nothing but links is changed"


def test_links_that_lead_elsewhere_stay():
    text = "[a](docs/a.md#b) ![p](p.png) [c](https://x.example/d.md) [e](#f) [g](mailto:h) [`i[j]`](k.md)"
    assert replace_relative_links(text, lambda target: f"<{target}>") == (
        "[a](<docs/a.md#b>) ![p](<p.png>) [c](https://x.example/d.md) [e](#f) [g](mailto:h) [`i[j]`](<k.md>)"
    )


def test_the_sdist_can_be_built_and_tested(in_sdist):
    for name in (
        "pyproject.toml", "hatch_build.py", "Makefile", "constraints.txt", "mkdocs.yml", "Containerfile",
        "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "README.md", "PKG-INFO",
        "tools/man.py", "tests/conftest.py", "docs/script.schema.json", "scripts_examples/signal.yaml",
        "voices/heart/voice.yaml", "recipes/demo_voice/fetch.py", "csm_cli/py.typed",
    ):  # fmt: skip
        assert name in in_sdist, name
    assert not [
        name for name in in_sdist if re.search(r"__pycache__|\.pyc$|\.venv|\.csm/|^(?:out|dist)/", name)
    ]


def test_the_wheel_has_the_package_and_its_voices_and_nothing_else():
    found = {
        each.distribution_path.replace("\\", "/") for each in WheelBuilder(str(ROOT)).recurse_included_files()
    }
    voices = {path.parent.name for path in (ROOT / "voices").glob("*/voice.yaml")}
    assert len(voices) == 8
    assert {f"csm_cli/voices/shipped/{name}/voice.yaml" for name in voices} <= found
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "csm_cli").rglob("*.py")}
    assert modules | {"csm_cli/py.typed"} <= found
    assert all(name.startswith("csm_cli/") for name in found)


def test_the_container_is_built_from_all_that_the_wheel_needs(tmp_path):
    ignored, *allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored == "*"
    for name in (each.removeprefix("!") for each in allowed if each.startswith("!")):
        # What lies in folders does not matter to the metadata, save in those of the build.
        if (ROOT / name).is_file() or name == "tools":
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tmp_path / name)
        else:
            (tmp_path / name).mkdir()
    (tmp_path / "csm_cli" / "core").mkdir()
    shutil.copy(ROOT / "csm_cli" / "core" / "__init__.py", tmp_path / "csm_cli" / "core")
    code = (
        "from hatchling.builders.wheel import WheelBuilder; "
        "print(next(WheelBuilder('.').build(directory='made', versions=['standard'])))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith(f"csm_cli-{__version__}-py3-none-any.whl")


def test_extras_and_pages_agree():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").partition("## Extras")[2]
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == EXTRAS


def test_every_dependency_has_a_row_and_a_pin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [each for members in project["optional-dependencies"].values() for each in members]
    names = {re.match(r"[\w.-]+", each)[0] for each in [*project["dependencies"], *extras]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = " ".join(re.findall(r"^\| .*$", page, re.MULTILINE))
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    missing = [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", rows)]
    assert not missing
    assert not [name for name in names if f"\n{name.lower().replace('_', '-')}==" not in pinned]


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["repository-code"] == REPOSITORY
    assert citation["license"] == "Apache-2.0"


def test_the_changelog_is_read_by_the_release():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each) for each in sections[1:])
    kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert notes_of("Unreleased", text).startswith("### Added")
    two = "## [Unreleased]\n\n## [1.2.0] - 2027-01-31\n\n### Fixed\n\n* a\n\n## [1.1.0] - 2027-01-01\n\n* b\n"
    assert notes_of("1.2.0", two) == "### Fixed\n\n* a"
    assert notes_of("1.1.0", two) == "* b"
    assert notes_of("1.2", two) == notes_of("Unreleased", two) == ""
