"""What mkdocs adds to the pages of docs/: addresses, README.md, CHANGELOG.md, the help of all commands."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from csm_cli.core import REPOSITORY  # noqa: E402
from tools.commands import command_page  # noqa: E402
from tools.links import replace_relative_links, site_address  # noqa: E402

PAGES = {"index.md": "README.md", "changelog.md": "CHANGELOG.md"}
"""Files of the repository by the pages that they become."""


def on_config(config: Any) -> Any:
    """Fill in the addresses."""
    config["repo_url"] = REPOSITORY
    config["repo_name"] = "/".join(REPOSITORY.rsplit("/", 2)[1:])
    config["site_url"] = site_address(REPOSITORY)
    config["edit_uri"] = "edit/main/docs/"
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not files in docs/."""
    for page, source in PAGES.items():
        text = re.sub(r"\[(docs/[\w-]+\.md)\](?=\()", _title, (ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=replace_relative_links(text, _on_site)))
    files.append(File.generated(config, "commands.md", content=command_page()))
    return files


def _title(found: re.Match[str]) -> str:
    """A link's label that is a page's path, as the title of that page."""
    heading = (ROOT / found[1]).read_text(encoding="utf-8").partition("\n")[0]
    return f"[{heading.lstrip('# ')}]"


def _on_site(target: str) -> str:
    """Where a link of a file at the top of the repository leads on the site."""
    path, _, anchor = target.partition("#")
    pages = {source: page for page, source in PAGES.items()}
    if path in pages:
        path = pages[path]
    elif re.fullmatch(r"docs/[\w.-]+", path):
        path = path.removeprefix("docs/")
    else:
        path = f"{REPOSITORY}/blob/main/{path}"
    return f"{path}#{anchor}" if anchor else path


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links of docs/ to what lies above it lead to the repository, or to the pages made of it.

    Of the words behind a fence, which are for tests, the language alone stays.
    """
    markdown = re.sub(r"^(```\w+) .*$", r"\1", markdown, flags=re.MULTILINE)
    return replace_relative_links(
        markdown, lambda target: _on_site(target[3:]) if target.startswith("../") else target
    )


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Warn of a fence that became text, which is an error where `make docs` is strict."""
    if "```" in html:
        logging.getLogger("mkdocs.hooks.site").warning(
            "%s: a block of code is shown as text", page.file.src_uri
        )
    return html
