"""What the programs that answer over HTTP share: errors as JSON, who may ask, the server, events."""

from __future__ import annotations

from importlib.util import find_spec

from csm_cli.core.errors import MissingError


def check_installed() -> None:
    """Make sure that the extra `web` is there.

    Raises:
        MissingError: it is not.
    """
    if not (find_spec("starlette") and find_spec("uvicorn")):
        raise MissingError("needs starlette and uvicorn", remedy="pip install 'csm-cli[web]'")
