"""`csm check`."""

import json
from pathlib import Path


def test_what_csm_renders_for_a_shop_passes(csm, engine, script):
    assert csm("render", script, "-o", "out", "--format", "mp3").code == 0
    rows = csm("check", "out").out.splitlines()
    assert [row.split()[:2] for row in rows[:4]] == [
        ["ok", "out/01-arrival.mp3"],
        ["ok", "out/02-the-lamp.mp3"],
        ["ok", "out/03-morning.mp3"],
        ["WARN", "all"],
    ]
    assert [row.split()[-1] for row in rows[4:]] == ["WARN"] * 3
    assert "RMS -20.5 dB  peak -" in rows[0] and "not checked" not in rows[0]
    result = csm("check", "out", "-v", "--report", "page.html")
    assert result.code == 0
    assert "01-arrival.mp3  (chapter)" in result.out
    assert "-23 to -18 dB" in result.out
    assert "closing credits      missing" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.err.splitlines()[-1] == "csm: 3 files, acx-spec: passes, 3 warnings"
    assert "<svg" in Path("page.html").read_text()


def test_what_fails_exits_6(csm, engine, script):
    csm("render", script, "-o", "out")
    assert csm("check", "out").code == 0, "of WAV the level alone, where nobody names a shop"
    result = csm("check", "out/01-arrival.wav", "--preset", "acx-spec")
    assert result.code == 6
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[0][:2] == ["FAIL", "out/01-arrival.wav"]
    assert rows[1] == ["codec", "pcm_s16le", "mp3", "FAIL"]
    assert [row[0] for row in rows[2:4]] == ["sample", "WARN"], "what passes is left out"
    assert csm("check", "out", "--preset", "auto").out == csm("check", "out").out
    value = json.loads(csm("check", "out", "--json", "--preset", "acx-spec").out)
    assert value["ok"] is False and len(value["files"]) == 3


def test_what_is_no_audio_is_said_apart_from_what_is_asked(csm):
    Path("notes.txt").write_text("no sound")
    (line, *_) = [x for x in csm("check", "notes.txt").out.splitlines() if "decodes" in x]
    assert line.split("  ")[-1].strip() == "FAIL"
    assert "  to its end  " in line


def test_nothing_to_check(csm):
    assert csm("check", "nowhere").code == 4
    assert csm("check", "nowhere", ".").code == 4
    assert csm("check", ".").code == 2
    assert csm("check", ".", "--preset", "x").code == 2


def test_what_is_missing_does_not_stop_the_others(csm, engine, script):
    csm("render", script, "-o", "out")
    result = csm("check", "out/01-arrival.wav", "nix.wav", "out/01-arrival.wav")
    assert result.code == 4
    assert "csm: error: nix.wav: no such file or folder" in result.err
    assert "csm: 1 file, acx-spec: passes" in result.err
