"""Whole scripts, made at random of all that the language has, survive YAML and Markdown and the way back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from csm_cli.script.writers.yaml import scalar
from tests.script.test_round_trip import check_all_ways, read, texts

SOUNDS = ["door.wav", "my door.wav", "a=b, c.wav", "#1 gain=3.wav", "(x) [y].wav", "{z} 'q'.mp3", "end.ogg"]
NAMES = [
    "narrator",
    "Anna",
    "Old Tom",
    "Tom: Jr.",
    "[S1]",
    "*Star*",
    'Dr. O\'Neil, "Doc"',
    "{seed=1}",
    "No",
    "7",
]
STYLES = ["calm", "very angry", "a: b", "(in)side", "x=y", "off"]
MARKS = [
    "{{town}}",
    "\\{{town}}",
    "{{ town }}",
    "**Anna:** hm",
    "(softly)",
    "{gain=1}",
    "[pause 1]",
    "# a",
    "---",
    "\\",
    "1.",
    "<!-- a -->",
]

seconds = st.sampled_from(["0", "0.5", "1.25", "600"])
gains = st.sampled_from(["-60", "-2.5", "0", "+3", "20"])
settings = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 2**63 - 1).map(str),
        "temperature": st.sampled_from(["0", "0.75", "5"]),
        "gain": gains,
        "context": st.sampled_from(["on", "off"]),
    },
)
pauses = st.fixed_dictionaries({}, optional={"pause_before": seconds, "pause_after": seconds})
marked = st.lists(st.one_of(texts, st.sampled_from(MARKS)), min_size=1, max_size=4).map(" ".join)
said = marked.filter(lambda text: any(map(str.isalnum, text)))


def flow(pairs: dict[str, str]) -> str:
    """A YAML mapping on one row; its values are YAML already."""
    return "{" + ", ".join(f"{scalar(key, flow=True)}: {value}" for key, value in pairs.items()) + "}"


def quoted(text: str) -> str:
    return scalar(text, flow=True)


lines = st.builds(
    lambda name, text, own, gaps, extra: flow(
        {"speaker": quoted(name), "text": quoted(text)} | own | gaps | extra
    ),
    st.sampled_from(NAMES),
    said,
    settings,
    pauses,
    st.fixed_dictionaries(
        {},
        optional={
            "paragraph": st.just("on"),
            "note": st.lists(st.one_of(texts, st.sampled_from(STYLES)), min_size=1, max_size=2).map(
                lambda notes: f"[{', '.join(map(quoted, notes))}]"
            ),
            "voice": st.sampled_from(["heart", "bella", "anna/angry"]),
        },
    ),
)
cues = st.one_of(
    seconds.map(lambda length: f"{{pause: {length}}}"),
    st.just("scene break"),
    st.just("bed end"),
    texts.map(lambda title: f"{{scene: {quoted(title)}}}"),
    st.builds(
        lambda name, options: flow({"sound": quoted(name)} | options),
        st.sampled_from(SOUNDS),
        st.fixed_dictionaries({}, optional={"gain": gains, "over": st.just("on")}),
    ),
    st.builds(
        lambda name, options: flow({"bed": quoted(name)} | options),
        st.sampled_from(SOUNDS),
        st.fixed_dictionaries({}, optional={"gain": gains, "duck": st.just("6.5"), "fade": st.just("0")}),
    ),
    st.just("{include: more parts.md}"),
)
chapters = st.builds(
    lambda title, own, gaps, voices, items: (
        flow(({"title": quoted(title)} if title else {}) | own | gaps | voices)[:-1]
        + ("" if not (title or own or gaps or voices) else ", ")
        + f"lines: [{', '.join(items)}]}}"
    ),
    st.one_of(st.none(), marked),
    settings,
    pauses,
    st.one_of(
        st.just({}),
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["heart", "bella"]), min_size=1).map(
            lambda voices: {"voices": flow(voices)}
        ),
    ),
    st.lists(st.one_of(lines, lines, cues), max_size=6).flatmap(
        lambda items: lines.map(lambda line: [*items, line])
    ),
)
voices = st.one_of(
    st.sampled_from(["", "heart"]),
    st.fixed_dictionaries(
        {"voice": st.just("bella")},
        optional={"speaker": st.just("3"), "very angry": st.just("fenrir"), "a: b": st.just("michael")},
    ).map(flow),
)


@given_settings(max_examples=50)
@given(st.lists(chapters, min_size=1, max_size=3), settings, st.tuples(*[voices] * (len(NAMES) - 1)), said)
def test_any_script_survives(parts, own, cast, title):
    rows = [f"title: {scalar(title)}", "variables: {town: Bridge}"]
    rows += [f"{key}: {value}" for key, value in own.items()]
    rows += [
        "voices:",
        *(f"  {scalar(name)}: {voice}" for name, voice in zip(NAMES, ("heart", *cast), strict=True)),
    ]
    rows += ["chapters:", *(f"- {chapter}" for chapter in parts)]
    with tempfile.TemporaryDirectory() as folder:
        for name in SOUNDS:
            (Path(folder) / name).write_bytes(b"")
        (Path(folder) / "more parts.md").write_text("More.\n")
        path = Path(folder) / "a.yaml"
        path.write_text("\n".join(rows), encoding="utf-8")
        check_all_ways(path, read(path))
