"""Nothing is rendered twice: what is spoken again after a change, and what is not."""

from dataclasses import replace

import pytest

from csm_cli.core.errors import CsmError, UsageError
from csm_cli.delivery.options import Delivery
from csm_cli.rendering.options import RenderOptions
from csm_cli.rendering.progress import Interrupted
from csm_cli.rendering.project import read_jobs
from csm_cli.rendering.session import render_jobs
from csm_cli.takes import TakeStore
from csm_cli.takes.record import read_record
from tests.rendering.fake_engine import FakeEngine, capped

HEAD = "title: A book\nvoices: {narrator: ann, Anna: bob, Tom: ann}\nchapters:\n  - title: One\n    lines:\n"
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LINES = [f"{'narrator' if n % 3 else 'Anna'}: Line {name} is said here." for n, name in enumerate(NUMBERS)]


class Book:
    """A script of one chapter in a folder, rendered again and again."""

    def __init__(self, folder):
        self.folder, self.script = folder, folder / "book.yaml"
        self.notes: list[str] = []

    def write(self, lines, head=HEAD):
        self.script.write_text(head + "".join(f"      - {line}\n" for line in lines))
        return self

    def render(self, engine=None, out="out", **options):
        engine = engine or FakeEngine()
        chosen = RenderOptions(output=self.folder / out, **options)
        report = render_jobs(read_jobs([self.script], chosen), engine, chosen, note=self.notes.append)
        return report, [asked.text for asked in engine.asked]

    def spoken(self, **options):
        """Texts that a rendering now speaks."""
        return self.render(**options)[1]

    @property
    def store(self):
        return TakeStore(self.folder / ".csm" / "takes")

    def sound(self, out="out"):
        return {path.name: path.read_bytes() for path in (self.folder / out).glob("*.wav")}


@pytest.fixture
def book(tmp_path, voices):
    return Book(tmp_path).write(LINES)


def words(number):
    return LINES[number].partition(": ")[2]


def test_the_same_again_speaks_nothing_and_gives_the_same_bytes(book):
    first, spoken = book.render()
    assert len(spoken) == 10
    assert (first.cached, first.rendered) == (0, 10)
    again, spoken = book.render(out="again")
    assert spoken == []
    assert (again.lines, again.cached, again.rendered, again.stale) == (10, 10, 0, 0)
    assert book.sound("again") == book.sound()
    assert (book.folder / "again" / "timeline.json").read_bytes() == (
        book.folder / "out" / "timeline.json"
    ).read_bytes()


def test_an_edited_line_is_spoken_again_and_what_heard_it_is_stale(book):
    book.render()
    report, spoken = book.write([*LINES[:2], "narrator: Something else.", *LINES[3:]]).render()
    assert spoken == ["Something else."]
    used = read_record(book.folder / ".csm" / "takes", "book.yaml").lines
    stale = {book.store.peek(each.take).asked.written for each in used.values() if each.stale}
    assert report.stale == len(stale) > 0
    assert stale == {
        take.asked.written
        for row in book.store.index.rows()
        for take in [book.store.peek(row.id)]
        for heard in take.context
        if book.store.peek(heard).asked.written == words(2)
    }


@pytest.mark.parametrize("lineage", ["keep", "strict"])
def test_inserted_and_moved_lines_leave_the_others_alone(book, lineage):
    book.render()
    lines = [*LINES[:4], "Tom: A new one.", *LINES[4:]]
    report, spoken = book.write(lines).render(lineage=lineage)
    assert (spoken, report.stale) == (["A new one."], 0)
    lines.insert(9, lines.pop(2))
    report, spoken = book.write(lines).render(lineage=lineage)
    assert (spoken, report.stale) == ([], 0)


def test_a_deleted_line_leaves_the_others_alone(book):
    book.render()
    report, spoken = book.write(LINES[:4] + LINES[5:]).render()
    assert spoken == []
    assert report.stale > 0, "they heard what is said no more"


def test_strict_lineage_speaks_again_what_heard_a_changed_line(book):
    book.render()
    lines = [*LINES[:7], "narrator: Something else.", *LINES[8:]]
    report, spoken = book.write(lines).render(lineage="strict")
    assert spoken == ["Something else.", words(8), words(9)]
    assert report.stale == 0
    assert book.spoken(lineage="strict") == []
    fresh = Book(book.folder / "fresh")
    fresh.folder.mkdir()
    fresh.write(lines).render()
    assert fresh.sound() == book.sound(), "the same as if it had never been otherwise"


def test_kept_takes_give_way_to_strict_ones_later(book):
    book.render()
    book.write([*LINES[:7], "narrator: Something else.", *LINES[8:]])
    assert book.spoken() == ["Something else."]
    assert book.spoken(lineage="strict") == [words(8), words(9)]


def test_the_same_words_twice_are_two_lines(book):
    lines = [*LINES[:3], "narrator: Yes.", "Anna: Why?", "narrator: Yes.", *LINES[3:]]
    _, spoken = book.write(lines).render()
    assert spoken.count("Yes.") == 2
    assert book.write(["narrator: Yes.", *lines]).spoken() == ["Yes."]
    assert book.write(lines).spoken() == []


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("A book", "Another title").replace("One", "First"),
        HEAD.replace("    lines:\n", "    lines:\n      - pause: 3\n"),
        HEAD.replace("Tom: ann", "Tom: bob"),
    ],
)
def test_titles_pauses_and_the_cast_of_others_speak_nothing(book, head):
    book.render()
    assert book.write(LINES, head).spoken() == []


def test_formats_and_batches_speak_nothing(book):
    book.render()
    assert book.spoken(delivery=Delivery(formats=("flac",)), batch=1) == []


def test_a_script_under_another_name_finds_its_takes(book):
    book.render()
    book.write([*LINES[:7], "narrator: Something else.", *LINES[8:]]).render()
    book.script = book.script.rename(book.folder / "renamed.yaml")
    assert book.spoken() == []


def test_a_seed_a_voice_and_a_sampler_speak_what_they_change(book):
    book.render()
    lines = [*LINES[:-1], '{speaker: Anna, text: "Line nine is said here.", seed: 4}']
    assert book.write(lines).spoken() == [words(9)]
    assert len(book.write(LINES, HEAD.replace("Anna: bob", "Anna: ann")).spoken()) == 4
    assert len(book.write(LINES).spoken(temperature=0.5)) == 10
    assert len(book.spoken(seed=3)) == 10
    assert len(book.spoken(context_turns=1)) > 0
    assert book.spoken() == [], "all of the old ones are still there"


def test_several_scripts_at_once_are_spoken_as_they_would_be_alone(book):
    """However far one is ahead of the other: equal lines with another past are different lines."""
    other = book.folder / "other.yaml"
    other.write_text(HEAD + "".join(f"      - {line}\n" for line in ["Tom: First.", *LINES]))
    alone = RenderOptions(output=book.folder / "alone", takes=book.folder / "elsewhere")
    render_jobs(read_jobs([other], alone), FakeEngine(), alone)
    for batch in (1, 2):
        takes = book.folder / f"takes{batch}"
        options = RenderOptions(output=book.folder / f"both{batch}", batch=batch, takes=takes)
        render_jobs(read_jobs([book.script, other], options), FakeEngine(), options)
        made = (book.folder / f"both{batch}" / "other" / "01-one.wav").read_bytes()
        assert made == (book.folder / "alone" / "01-one.wav").read_bytes()


@pytest.mark.parametrize("batch", [0, 1, 5, 9])
def test_what_was_spoken_before_an_interruption_is_not_spoken_again(book, batch):
    engine = FakeEngine(interrupt_at=batch)
    with pytest.raises(Interrupted):
        book.render(engine)
    assert len(engine.asked) == batch
    assert len(book.spoken()) == 10 - batch
    assert book.spoken(out="whole", takes=book.folder / "other") == [words(n) for n in range(10)]
    assert book.sound("whole") == book.sound()


def test_fresh_speaks_everything_but_pinned_takes(book):
    book.render()
    store = book.store
    row = next(row for row in store.index.rows() if store.peek(row.id).asked.written == words(4))
    store.update(replace(store.peek(row.id), pins=(row.place,)))
    assert book.spoken(fresh=True) == [words(n) for n in range(10) if n != 4]
    assert book.spoken() == []


@pytest.mark.parametrize("suffix", ["json", "npy", "flac"])
def test_a_damaged_take_is_spoken_again_and_the_book_is_the_same(book, suffix):
    book.render()
    before = book.sound()
    for path in sorted(book.store.folder.glob(f"??/*.{suffix}"))[:3]:
        path.write_bytes(path.read_bytes()[:-20])
    _, spoken = book.render()
    assert len(spoken) == 3
    assert book.sound() == before
    assert len(book.notes) == (3 if suffix == "json" else 0)
    assert all("is damaged" in note for note in book.notes)


def test_a_line_that_stayed_bad_is_not_tried_again_but_still_told(book):
    bad = FakeEngine(lambda asked: capped(asked) if asked.text in words(3) else None)
    report, _ = book.render(bad)
    assert report.retried == 1
    report, spoken = book.render()
    assert spoken == []
    (review,) = report.reviews
    assert review.text == words(3)


def test_a_pinned_take_is_used_and_heard_whatever_was_said_against_it(book):
    bad = FakeEngine(lambda asked: capped(asked) if asked.text in words(3) else None)
    book.render(bad)
    (row,) = [row for row in book.store.index.rows() if not row.accepted]
    book.store.update(replace(book.store.peek(row.id), pins=(row.place,)))
    engine = FakeEngine()
    report, spoken = book.write([*LINES[:4], "narrator: New.", *LINES[4:]]).render(engine)
    assert (spoken, report.reviews) == (["New."], [])
    assert [segment.text for segment in engine.asked[0].context][-1] == engine.asked[0].context[-1].text
    assert any(segment.text in words(3) for segment in engine.asked[0].context)


def test_the_lock_file_names_what_differs(book):
    book.render()
    assert book.notes == []
    lock = (book.folder / "csm.lock").read_text()
    assert "temperature: 0.6" in lock
    with pytest.raises(UsageError, match=r"csm\.lock: takes would .*sampler temperature: was 0\.6, is 0\.3"):
        book.spoken(temperature=0.3, locked=True)
    assert (book.folder / "csm.lock").read_text() == lock
    engine = FakeEngine()
    engine.dtype = "bfloat16"
    book.render(engine)
    assert [note.partition(": ")[2] for note in book.notes] == [
        "model dtype: was float32, is bfloat16; lines that this changes are spoken again"
    ]
    book.spoken()
    (book.folder / "lexicon.yaml").write_text("zyx: zicks\n")
    with pytest.raises(UsageError, match=r"csm\.lock: takes would .*lexicon: was none, is [0-9a-f]{20}"):
        book.spoken(locked=True)
    (book.folder / "lexicon.yaml").unlink()
    (book.folder / "csm.lock").write_text("schema: [")
    with pytest.raises(CsmError, match=r"csm\.lock: cannot be read"):
        book.render()


def test_memory_of_codes_does_not_grow_with_the_chapter(book):
    """Only what a later line could still hear is kept."""
    from csm_cli.rendering import chain

    sizes = []
    settle = chain.ChainInProgress._lend

    def watched(self, *given):
        settle(self, *given)
        sizes.append(len(self._turns))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain.ChainInProgress, "_lend", watched)
        book.write([f"{line} And {name}." for name in NUMBERS[:4] for line in LINES]).render()
    assert len(sizes) == 40
    assert max(sizes) == 6
    assert min(sizes[10:]) == 4, "cut to half of each speaker's, rounded up"
