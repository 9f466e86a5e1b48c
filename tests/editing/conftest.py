from tests.cli.conftest import csm, engine
from tests.rendering.conftest import script, voices

__all__ = ["csm", "engine", "script", "voices"]
