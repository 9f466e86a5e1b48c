"""The script and voices of the rendering tests, for the cluster's."""

from tests.rendering.conftest import script, voices

__all__ = ["script", "voices"]
