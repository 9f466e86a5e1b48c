"""The house: which package may import which, without circles, and what docs/design.md says of each."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "csm_cli"
LAYERS = (
    "cli", "cluster", "review", "serve", "web", "editing", "rendering", "lint", "voices", "verify", "takes",
    "training", "bench", "engine", "model", "checkpoints", "text", "script", "delivery", "audio", "core",
)  # fmt: skip
"""From the top: a package imports those behind it alone; late imports and those for type checkers count."""
MOST_FILES, MOST_LINES, MOST_LINES_OF_A_COMMAND, MOST_PARAMETERS = 412, 300, 376, 12


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path
    return found


def imports(path: Path, there: dict[str, Path]) -> Iterator[str]:
    """Modules of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in there else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def graph() -> dict[str, set[str]]:
    there = modules()
    return {name: {each for each in imports(path, there) if each in there} for name, path in there.items()}


def package_of(module: str) -> str:
    """The package of a module; "" for the root and `__main__`."""
    name = module.split(".")[1] if "." in module else ""
    return name if name in LAYERS else ""


def test_every_package_has_its_layer():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages == set(LAYERS)


def test_no_arrow_runs_upward():
    upward = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if package_of(module)
        and package_of(other)
        and LAYERS.index(package_of(other)) < LAYERS.index(package_of(module))
    ]
    assert not upward


def test_nothing_below_the_command_line_imports_the_root():
    """The root offers what is above all layers, `render` and `Engine`: importing it would be a circle."""
    rooted = [module for module, others in graph().items() if "csm_cli" in others and package_of(module)]
    assert not rooted


def test_no_modules_import_each_other():
    edges = graph()
    del edges["csm_cli"]
    reached: dict[str, set[str]] = defaultdict(set)
    for module in edges:
        waiting = [module]
        while waiting:
            for other in edges.get(waiting.pop(), ()):
                if other not in reached[module]:
                    reached[module].add(other)
                    waiting.append(other)
    circles = {module for module in edges if module in reached[module]}
    assert not circles


def test_files_stay_small_and_few():
    found = modules()
    assert len(found) <= MOST_FILES
    most = {name: MOST_LINES_OF_A_COMMAND if package_of(name) == "cli" else MOST_LINES for name in found}
    long = [str(path) for name, path in found.items() if len(path.read_text().splitlines()) > most[name]]
    assert not long


def test_no_function_outside_the_command_line_takes_more_than_twelve_arguments():
    wide = [
        f"{path}:{node.lineno} {node.name}"
        for name, path in modules().items()
        if package_of(name) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        # A kernel for a GPU is handed every tensor and every shape by itself.
        and not any("triton.jit" in ast.unparse(each) for each in node.decorator_list)
        and len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) > MOST_PARAMETERS
    ]
    assert not wide


def test_the_design_page_has_a_row_for_each_package():
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert rows == list(LAYERS)


def test_what_the_design_page_points_to_is_there():
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = page.split("## Where is")[1].split("## ")[0]
    checked = 0
    for file, names in re.findall(r"`(\w+/[\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", table):
        tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for name in re.findall(r"\w+", names):
            assert name in there, f"{name} in {file}"
            checked += 1
    assert checked >= 25
