"""What the README tells a newcomer to type works as it stands there."""

import re
import shlex
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("csm ")]
# Those that need the network run against a Hub on localhost, in tests/checkpoints.
COMMANDS = [line for line in LINES if not line.startswith("csm models ")]


def test_commands_one_after_the_other(csm, engine):
    here = Path.cwd()
    shutil.copytree(ROOT / "scripts_examples", here / "scripts_examples", ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "voices" / "heart" / "reference.wav", "recording.m4a")
    assert len(COMMANDS) > 5
    for line in COMMANDS:
        words = shlex.split(line, comments=True)[1:]
        arguments = [
            str(name) for word in words for name in (sorted(here.glob(word)) if "*" in word else [word])
        ]
        result = csm(*arguments)
        assert result.code == 0, (line, result.err)


def test_the_script_in_it_is_a_script(csm):
    (script,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    Path("script.yaml").write_text(script, encoding="utf-8")
    result = csm("render", "script.yaml", "--dry-run")
    assert result.code == 0, result.err
