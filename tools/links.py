"""Addresses that are made of the repository's, and links of Markdown files that are shown elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

_RELATIVE = re.compile(r"(?P<label>!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?![a-z]+:|#)(?P<target>[^)\s]+)\)")


def site_address(repository: str) -> str:
    """Where GitHub Pages shows the site of a repository."""
    owner, _, name = urlsplit(repository).path.strip("/").partition("/")
    return f"https://{owner}.github.io/{name}/"


def replace_relative_links(text: str, address_of: Callable[[str], str]) -> str:
    """Markdown with other targets for the links and images that name files.

    Args:
        text: links in it stand in one row, as `[label](target)`.
        address_of: gives the new target for one such as "docs/cli.md#extras".
    """
    return _RELATIVE.sub(lambda found: f"{found['label']}({address_of(found['target'])})", text)
