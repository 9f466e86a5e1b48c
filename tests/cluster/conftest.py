"""The script and voices of the rendering tests, for the cluster's."""

from tests.render.conftest import script, voices

__all__ = ["script", "voices"]
