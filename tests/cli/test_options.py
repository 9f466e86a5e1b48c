"""Options: a default that is named changes nothing, help comes in groups, shells complete."""

import json
import shlex
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_cli.cli.app import app
from csm_cli.cli.help import GROUPS
from csm_cli.core.types import Sampler
from csm_cli.delivery.check.presets import preset
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.project import Batch, plan_jobs, read_jobs
from csm_cli.rendering.requests import ModelTraits, with_temperature

MODEL = ModelTraits(sampler=Sampler(0.5, 10, 0.2, 10))
COMMANDS = {
    f"{group} {name}".strip(): command
    for group, commands in [("", typer.main.get_command(app).commands)]
    for name, command in commands.items()
}
ALL = {
    **{name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")},
    **{
        f"{group} {name}": command
        for group, it in COMMANDS.items()
        for name, command in getattr(it, "commands", {}).items()
    },
}
SAID_IN_HELP = {
    "output": [["-o", "book"]],
    "formats": [["--format", "wav"]],
    "loudness": [["--loudness", "acx-spec"]],
    "pauses": [
        ["--pause", f"{kind}={seconds}"]
        for kind, seconds in [("line", 0.35), ("speaker", 0.5), ("paragraph", 0.9), ("scene", 2)]
    ],
    "takes": [["--takes", ".csm/takes"]],
    "seed": [["--seed", "0"]],
    "temperature": [["--temperature", "0.5"]],
    "top_k": [["--top-k", "10"]],
    "narrator": [["--narrator", ""]],
}
"""Of options whose default is not a value of their own, words that mean it."""
WITHOUT = {
    *(
        "scripts",
        "help",
        "chapters",
        "whole",
        "extras",
        "split_hours",
        "cover",
        "sample",
        "credits",
        "titles",
    ),
    *(
        "words",
        "no_names",
        "play",
        "fresh",
        "verify",
        "voice_model",
        "watermark",
        "watermark_model",
        "locked",
    ),
    *("model", "dtype", "quantize", "eager", "workers", "ray", "strict", "stop", "dry_run"),
}
"""Options that have no default to be named: switches, and what is left out otherwise."""


def named_defaults():
    for parameter in ALL["render"].params:
        if parameter.name in SAID_IN_HELP:
            yield from SAID_IN_HELP[parameter.name]
        elif parameter.name not in WITHOUT:
            yield [parameter.opts[-1], str(parameter.default)]


DEFAULTS = list(named_defaults())


@pytest.fixture
def planned(csm, engine, monkeypatch):
    """What `csm render book.yaml OPTIONS` would do: requests, folders, what is delivered."""
    Path("book.yaml").write_text("lines:\n- narrator: The boat came in.\n- narrator: It left.\n")
    asked = []

    def read_batch(scripts, options, *, strict=False):
        asked.append((options, strict))
        return Batch(read_jobs(scripts, options), {})

    monkeypatch.setattr("csm_cli.rendering.batch.read_batch", read_batch)
    monkeypatch.setattr("csm_cli.cli.dry_run.print_plan", lambda jobs, options: None)

    def plan(*words):
        result = csm("render", "book.yaml", "--dry-run", *words)
        assert result.code == 0, result.err
        options, strict = asked.pop()
        (job,) = plan_jobs(read_jobs([Path("book.yaml")], options), options, MODEL)
        requests = [line.request for chain in job.chains for line in chain.lines]
        takes = Path(str(job.job.takes)).resolve()
        rest = (options.lineage, options.asr, options.device, options.batch, options.retries, strict)
        return requests, job.job.folder.resolve(), takes, options.delivery, rest

    return plan


def test_every_option_of_render_has_its_default_named_here():
    names = {parameter.name for parameter in ALL["render"].params}
    assert names >= set(SAID_IN_HELP) | (WITHOUT - {"help"})
    assert {words[0] for words in DEFAULTS} >= {"--loudness", "--format", "--batch", "--lineage", "--speed"}


@pytest.mark.parametrize("words", DEFAULTS, ids=" ".join)
def test_a_default_that_is_named_changes_nothing(planned, words):
    assert planned(*words) == planned()


def test_all_defaults_together_change_nothing(planned):
    assert planned(*(word for words in DEFAULTS for word in words)) == planned()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(DEFAULTS), unique_by=tuple), st.sampled_from([[], ["--titles"], ["--seed", "7"]])
)
def test_defaults_change_nothing_beside_other_options(planned, words, others):
    words = [each for each in words if each[0] not in others]
    assert planned(*others, *(word for each in words for word in each)) == planned(*others)


def test_the_models_own_values_leave_its_sampler_alone():
    own = Sampler(0.5, 10, 0.2, 10)
    assert RenderOptions(temperature=0.5, top_k=10).sampler(own) == own
    assert with_temperature(own, 0.5) == own
    assert RenderOptions(temperature=0.6).sampler(own) == Sampler(0.6, 10, None, 10)
    assert with_temperature(own, 0.6).depth == (0.6, 10)


def test_defaults_do_not_keep_a_stream_from_being_made(csm, engine, script):
    said = ["--format", "wav", "--level-per", "chapter", "--batch", 16]
    assert csm("render", script, "-o", "-", *said).code == 0
    assert [len(batch) for batch in engine.batches] == [1] * 7, "one chapter after the other"
    refused = csm("render", script, "-o", "-", "--format", "flac", "--level-per", "book")
    assert refused.code == 2 and "without --format, --level-per" in refused.err


def test_a_preset_named_auto_is_the_default():
    assert preset("auto") is preset("acx-spec")
    (option,) = [each for each in ALL["check"].params if each.name == "preset"]
    assert option.default == "auto"


def test_options_are_grouped_where_there_are_many(csm):
    assert GROUPS.keys() <= ALL.keys()
    for name, command in ALL.items():
        options = [
            each.name for each in command.params if each.param_type_name == "option" and not each.hidden
        ]
        grouped = " ".join(GROUPS.get(name, {}).values()).split()
        assert len(grouped) == len(set(grouped)), name
        if len(options) > 8 or grouped:
            assert set(grouped) == set(options) - {"help"}, name
    text = csm("render", "--help").out
    titles = [row.rstrip(":") for row in text.splitlines() if row.endswith(":") and row[0] != " "]
    assert titles == ["Arguments", *GROUPS["render"], "Other"]
    for ending in (
        ".md",
        ".yaml",
        ".fountain",
        ".json",
        ".txt",
        ".epub",
        ".docx",
        ".odt",
        ".fb2",
        ".html",
        ".pdf",
    ):
        assert ending in text.split("Options")[0].split("What is made")[0], ending
    assert "list[" not in text and "<list" not in text


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["say", "Hi", "--voice", "e"], ["emma"]),
        (["voices", "show", "mi"], ["michael"]),
        (["render", "a.yaml", "--format", "m"], ["mp3", "m4b"]),
        (["render", "a.yaml", "--loudness", ""], ["acx-spec", "podcast", "ebu", "none"]),
        (["render", "a.yaml", "--with", "srt,v"], ["srt,vtt"]),
        (["render", "a.yaml", "--model", "de"], ["demo"]),
        (["render", "a.yaml", "--device", "c"], ["cpu", "cuda"]),
        (["check", "--preset", "a"], ["auto", "acx-spec"]),
        (["render", "a.yaml", "--asr", "whisper:ti"], ["whisper:tiny", "whisper:tiny.en"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_shells_complete(csm, monkeypatch, words, offered):
    monkeypatch.setenv("COMP_WORDS", " ".join(["csm", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    monkeypatch.setenv("_CSM_COMPLETE", "complete_bash")
    result = csm(*words)
    assert (result.out.split(), result.err) == (offered, "")


def test_shells_complete_what_stands_in_a_script(csm, engine, script):
    from csm_cli.cli import completion

    class Context:
        def __init__(self, *args, **params):
            self.args, self.params = list(args), {"script": None, "takes": None, **params}

    csm("render", script)
    assert [name for name, _ in completion.speakers(Context(str(script)), "")] == ["narrator", "Anna"]
    ids = [each["name"] for each in json.loads(csm("takes", "list", script, "--json").out)]
    offered = completion.lines(Context(script=script), "")
    assert [name for name, _ in offered] == ids
    assert offered[1][1].startswith("Anna: ")
    assert (f"{script}:7", offered[1][1]) in completion.lines(Context(), f"{script}:")
    assert [name for name, _ in completion.lines(Context(), f"{script}#")] == [f"{script}#{id}" for id in ids]
    assert completion.takes(Context(line=f"{script}:7"), "") == [("1", offered_take(csm, script))]
    assert completion.lines(Context(), "nix.yaml:") == [], "no error"


def offered_take(csm, script):
    (line,) = json.loads(csm("takes", "show", f"{script}:7", "--json").out)
    (take,) = line["takes"]
    return f"spoken, {take['seconds']:.1f} s"


def test_models_in_folders_are_offered(tmp_path, monkeypatch):
    from csm_cli.cli import completion

    for name in ("tuned/model", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tuned/model/config.json").touch()
    monkeypatch.chdir(tmp_path)
    names = [name for name, _ in completion.models("")]
    assert names[0] == "demo" and {"tuned/", "other/"} <= set(names)
    assert ("tuned/model", "a folder") in completion.models("tuned/")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("narrator: emma", "voices stand under voices: `voices: {narrator: emma}`"),
        ("Anna: bella", "voices stand under voices: `voices: {Anna: bella}`"),
        ("cast: {Anna: bella}", 'did you mean "voices"?'),
        ("speakers: {Anna: bella}", 'did you mean "voices"?'),
        ("characters: [Anna]", 'did you mean "voices"?'),
        ("name: X", 'did you mean "title"?'),
        ("lang: fr", 'did you mean "language"?'),
        ("scenes: []", 'did you mean "chapters"?'),
        ("pace: 1.2", 'did you mean "speed"?'),
        ("Tite: X", 'did you mean "title"?'),
        ("format: mp3", "it is an option of the command: `csm render --format`"),
        ("colour: red", "known here: title, author"),
    ],
)
def test_the_key_that_was_meant_is_named(csm, key, hint):
    Path("k.yaml").write_text(f"{key}\nlines:\n- narrator: Hi.\n")
    assert f'k.yaml:1:1: error: unknown key "{key.split(":")[0]}"; {hint}' in csm("lint", "k.yaml").out


def test_keys_of_lines_that_were_meant(csm):
    Path("k.yaml").write_text("lines:\n- narrator: Hi.\n  mood: sad\n- narrator: Ho.\n  pace: 2\n")
    out = csm("lint", "k.yaml").out
    assert '3:3: error: unknown key "mood"; did you mean "note"?' in out
    assert '5:3: error: unknown key "pace"; did you mean "speed"?' in out


def test_reroll_and_pin_name_takes_by_number_and_the_command_that_delivers_them(csm, engine, script):
    csm("render", script)
    result = csm("takes", "reroll", f"{script}:7", "-n", 2)
    rows = [row.split() for row in result.out.splitlines()]
    shown = csm("takes", "show", f"{script}:7").out.splitlines()[2:]
    numbers = {row.lstrip("* ").split()[1]: row.lstrip("* ").split()[0] for row in shown}
    assert [row[1:4] for row in rows] == [
        ["used", "take", numbers[rows[0][0][:10]]],
        ["kept", "take", numbers[rows[1][0][:10]]],
    ]
    assert f"csm: {script}:7: take {rows[0][3]} is used from now on\n" in result.err
    assert result.err.endswith(f"csm: to put it into the files:\n  csm render {shlex.quote(str(script))}\n")
    pinned = csm("takes", "pin", f"{script}:7", 1).err
    assert "is pinned to take 1 (" in pinned and f"  csm render {shlex.quote(str(script))}\n" in pinned


def test_a_voice_is_played(csm, monkeypatch):
    played = []

    class Speaker:
        def write(self, audio):
            played.append(audio.size)

        def close(self):
            played.append("end")

    monkeypatch.setattr("csm_cli.audio.sinks.open_loudspeaker", lambda rate, where: Speaker())
    result = csm("voices", "play", "EMMA")
    assert result.code == 0 and result.err.startswith("csm: emma: ")
    assert 5 * 24_000 < played[0] < 8 * 24_000 and played[1] == "end"
    assert csm("voices", "play", "nobody").code == 4
