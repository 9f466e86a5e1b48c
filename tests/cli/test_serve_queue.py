"""`csm serve-queue`: the options of csm render, on whatever is put into a folder."""

from pathlib import Path

import pytest

TEXT = "voices: {{narrator: ann}}\nchapters:\n  - title: One\n    lines:\n      - narrator: {}\n"


@pytest.fixture
def queue(csm, voices):
    folder = Path("queue")
    folder.mkdir()
    for name in ("first", "second"):
        (folder / f"{name}.yaml").write_text(TEXT.format(f"The {name} of them."))
    return folder


def test_scripts_are_rendered_with_the_options_of_render(csm, queue, engine):
    done = csm("serve-queue", queue, "--once", "--every", "0.1", "--format", "flac", "--batch", "2")
    assert done.code == 0, done.err
    assert done.out.split() == ["queue/done/first", "queue/done/second"]
    for name in ("first", "second"):
        files = {path.name for path in (queue / "done" / name).iterdir()}
        assert {"01-one.flac", "timeline.json", "report.html", f"{name}.yaml"} <= files
    assert not list(queue.glob("*.yaml"))
    (queue / "done" / "first" / "first.yaml").rename(queue / "first.yaml")
    spoken = len(engine.batches)
    assert csm("serve-queue", queue, "--once", "--every", "0.1").code == 0
    assert (queue / "done" / "first-2" / "01-one.wav").exists()
    assert len(engine.batches) == spoken, "its takes were there"


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--formt", "mp3"], "--formt"), (["-o", "x"], "--output"), (["more.yaml"], "more.yaml")],
)
def test_options_that_cannot_be_used_are_told_before_anything_is_rendered(csm, queue, engine, options, said):
    done = csm("serve-queue", queue, "--once", *options)
    assert done.code == 2
    assert said in done.err
    assert len(list(queue.glob("*.yaml"))) == 2


def test_a_faulty_script_is_told_in_a_line_and_by_the_exit_code(csm, queue, engine):
    (queue / "bad.yaml").write_text("chapters: 7\n")
    done = csm("serve-queue", queue, "--once", "--every", "0.1")
    assert done.code == 3
    assert "failed: queue/failed/bad" in done.err
    assert (queue / "done" / "second" / "second.yaml").exists()


def test_an_interrupt_leaves_the_script_waiting_and_says_how_to_go_on(csm, queue, engine):
    engine.interrupt_at = 0
    done = csm("serve-queue", queue, "--once", "--every", "0.1", "--format", "flac")
    assert done.code == 130
    assert "to continue:" in done.err
    assert "internal" not in done.err
    assert len(list(queue.glob("*.yaml"))) == 2
    assert not list(queue.rglob("*.begun")), "an interrupt is no death"
    engine.interrupt_at = None
    assert csm("serve-queue", queue, "--once", "--every", "0.1", "--format", "flac").code == 0


def test_the_render_command_of_a_queue_has_no_options_of_its_own(csm, queue, engine):
    assert csm("serve-queue", queue, "--install-completion").code == 2
