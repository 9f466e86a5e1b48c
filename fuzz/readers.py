"""What is fuzzed: for each kind of file some good ones, and how csm reads it and writes it again."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fuzz import seeds
from fuzz.reader import NotTheSameError, Reader, check_same, put
from fuzz.schema import script_of
from fuzz.services import SERVICES
from fuzz.sounds import SOUNDS


def _script(ending: str) -> Callable[[Path, bytes], None]:
    """Read as a book, written in both formats of scripts, and read again."""

    def read(folder: Path, data: bytes) -> None:
        from csm_cli.script.importing import read_any_book
        from csm_cli.script.reader import read_screenplay
        from csm_cli.script.writers import write_script

        path = put(folder, f"a{ending}", data)
        try:
            read_screenplay(path)
        finally:
            play = read_any_book(path, None)[0].screenplay
        for format, name in (("yaml", "again.yaml"), ("markdown", "again.md")):
            text = write_script(play, format)
            again = read_any_book(put(folder, name, text.encode()), None)[0].screenplay
            said = [[(line.speaker, line.text) for line in each.lines] for each in play.chapters]
            said_again = [[(line.speaker, line.text) for line in each.lines] for each in again.chapters]
            check_same(said, said_again, name)

    return read


def _lint(folder: Path, data: bytes) -> None:
    from csm_cli.lint.script import check_script

    for finding in check_script(put(folder, "a.md" if data[:3] == b"---" else "a.yaml", data)):
        if "\n" in str(finding):
            raise NotTheSameError(f"a finding of several rows: {finding}")


def _spoken(folder: Path, data: bytes) -> None:
    from csm_cli.text import split_text, spoken_text

    for piece in split_text(spoken_text(data.decode("utf-8", "replace")), 250):
        if len(piece) > 250:
            raise NotTheSameError(f"a piece of {len(piece)} characters: {piece}")


def _card(folder: Path, data: bytes) -> None:
    from csm_cli.voices.voice import card_text, load_voice

    put(folder, "anna/clip.wav", seeds.sound())
    put(folder, "anna/voice.yaml", data)
    voice = load_voice(folder / "anna", "project")
    put(folder, "anna/voice.yaml", card_text(voice).encode())
    check_same(voice, load_voice(folder / "anna", "project"), "the card")


def _voice_archive(folder: Path, data: bytes) -> None:
    from csm_cli.voices.archive import import_voice
    from csm_cli.voices.registry import VoiceRegistry

    import_voice(VoiceRegistry(folder), put(folder, "voice.zip", data), project=True, force=True, name="anna")


def _lexicon(name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, data: bytes) -> None:
        from csm_cli.text import Normaliser
        from csm_cli.text.lexicon import Lexicon
        from csm_cli.text.lexicon_files import read_lexicon

        lexicon = Lexicon(read_lexicon(put(folder, name, data)))
        Normaliser("en", lexicon).normalise("Siobhan met Dr. Nguyen at 5 p.m. in Leicester.")

    return read


def _lock(folder: Path, data: bytes) -> None:
    from csm_cli.takes.lock import differences, read_lock, write_lock

    put(folder, "csm.lock", data)
    locked = read_lock(folder)
    for facts in locked.values():
        if any("\n" in each for each in differences(facts, seeds.FACTS)):
            raise NotTheSameError("a difference of several rows")
    write_lock(folder, {"new.yaml": seeds.FACTS})
    check_same(locked | {"new.yaml": seeds.FACTS}, read_lock(folder), "the lock")


def _index(folder: Path, data: bytes) -> None:
    """A line is answered with the take that it would have without an index.

    One with a right hash may hide a take from its line, as no sidecar is read to find that out.
    """
    from csm_cli.takes.lineage import ChainLineage, TakeRepository
    from csm_cli.takes.record import Rendering, current_take
    from csm_cli.takes.store import TakeStore, TakeWriter

    if not (folder / "takes").exists():
        seeds.index(folder)
    put(folder, "takes/index.json", data)
    store = TakeStore(folder / "takes")
    store.index.rows()
    with TakeWriter(store) as writer:
        repository = TakeRepository(writer)
        for take in seeds.takes():
            found = repository.find(take.asked, take.context, ChainLineage())
            if found is None:
                store.index.read_again()
                found = repository.find(take.asked, take.context, ChainLineage())
            check_same(take.id, found and found.id, "the take of a line")
            used = current_take(store, Rendering(take.asked.script), take.asked)
            check_same(take.id, used and used.id, "the take in use")
    store.close()


def _take(folder: Path, data: bytes) -> None:
    from csm_cli.takes.store import TakeStore

    if not (folder / "takes").exists():
        seeds.index(folder)
    (take, *_) = seeds.takes()
    put(folder, f"takes/{take.id[:2]}/{take.id}.json", data)
    (folder / "takes" / "index.json").unlink(missing_ok=True)
    store = TakeStore(folder / "takes")
    for row in store.index.rows():
        found = store.load(row.id)
        if found is not None:
            store.codes(found)
            store.audio(found)
            check_same(found, store.peek(store.add_findings(found).id), "the take")
    store.close()


def _record(folder: Path, data: bytes) -> None:
    from csm_cli.rendering.files_made import files_remembered
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.takes.record import Used, merge_record, read_record

    put(folder, "renders/book.yaml.json", data)
    record = read_record(folder, "book.yaml")
    options = RenderOptions.recall(dict(record.options))
    noted = options.to_remember()  # paths in full
    check_same(noted, RenderOptions.recall(noted).to_remember(), "the options")
    files_remembered(record.options, folder / "book.yaml")
    merged = merge_record(folder, "book.yaml", {"abc1234": Used("3f" * 10)})
    check_same(merged, read_record(folder, "book.yaml"), "the record")


def _timeline(folder: Path, data: bytes) -> None:
    from csm_cli.delivery.manifest import read_timeline, with_earlier

    path = put(folder, "timeline.json", data)
    put(folder, "01-one.wav", b"")
    new = replace(seeds.timeline(), chapters=seeds.timeline().chapters[1:])
    with_earlier(folder, new, 3)[0].to_json()
    timeline = read_timeline(put(folder, "timeline.json", data))  # a damaged one was set aside
    timeline.write(path)
    check_same(timeline.to_json(), read_timeline(path).to_json(), "the timeline")


def _ledger(folder: Path, data: bytes) -> None:
    from csm_cli.delivery.ledger import NAME, Ledger

    made = put(folder, "02-two.wav", b"sound")
    kept = put(folder, "a stranger's.wav", b"sound")
    put(folder, NAME, data)
    ledger = Ledger(folder, "book.yaml", 2)
    ledger.others()
    timeline = seeds.timeline()
    ledger.add([made], timeline, [2])
    ledger.clear([made], timeline, [2])
    ledger.with_files(timeline).to_json()
    ledger.write()
    check_same(True, made.is_file() and kept.is_file(), "files that are not the ledger's")
    Ledger(folder, "book.yaml", 2).others()


def _marks(folder: Path, data: bytes) -> None:
    from csm_cli.review.marks import MarkFile

    put(folder, "marks/book.yaml.json", data)
    said: list[str] = []
    MarkFile(folder, "book.yaml", said.append).mark("abc1234", "3f" * 10, "bad", "noise")
    for other in (folder / "marks").glob("*.damaged-*"):
        other.unlink()
    mark = MarkFile(folder, "book.yaml", said.append).get("abc1234", "3f" * 10)
    check_same("bad", mark and mark.mark, "the mark")
    if any("\n" in each for each in said):
        raise NotTheSameError("a note of several rows")


def _clips(folder: Path, data: bytes) -> None:
    from csm_cli.editing.exchange import read_clips

    put(folder, "clips.json", data)
    read_clips(folder, "book.yaml")


def _report(folder: Path, data: bytes) -> None:
    from csm_cli.rendering.report.writer import JSON_NAME, page, read_chapters
    from csm_cli.takes.store import TakeStore

    chapters = read_chapters(put(folder, JSON_NAME, data), "book.yaml")
    page({"title": "A book", "chapters": list(chapters.values())}, TakeStore(None), folder)


def _manifest(name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, data: bytes) -> None:
        from csm_cli.training.manifest import read_manifest

        put(folder, "clip.wav", b"sound")
        read_manifest(put(folder, name, data))

    return read


def _never() -> Any:
    raise NotTheSameError("a model was loaded")


def _checkpoint(name: str) -> Callable[[Path, bytes], None]:
    """A checkpoint's folder with one of its small files damaged, as far as it is read without torch."""

    def read(folder: Path, data: bytes) -> None:
        from csm_cli.checkpoints.find import DEMO_CHECKPOINT, find_checkpoint
        from csm_cli.core.types import Utterance
        from csm_cli.engine.lazy import LazyEngine

        for file in DEMO_CHECKPOINT.iterdir():
            if not (folder / file.name).exists() and file.name != name:
                (folder / file.name).symlink_to(file)
        put(folder, name, data)
        checkpoint = find_checkpoint(folder)
        engine = LazyEngine(checkpoint, "cpu", "fp32", None, _never)
        engine.positions([], Utterance(0, "Is that the light?", (), 5))

    return read


def _adapter(folder: Path, data: bytes) -> None:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT, find_checkpoint
    from csm_cli.checkpoints.lora import CONFIG

    if not (folder / "demo").exists():
        (folder / "demo").symlink_to(DEMO_CHECKPOINT)
    put(folder, "adapter/adapter_model.safetensors", seeds.safetensors(folder)[0])
    put(folder, f"adapter/{CONFIG}", data)
    find_checkpoint(folder / "adapter").file("config.json")


def _shards(folder: Path, data: bytes) -> None:
    from csm_cli.checkpoints.find import find_checkpoint

    put(folder, "config.json", seeds.config(folder)[0])
    for name in ("a.safetensors", "b.safetensors"):
        put(folder, name, seeds.safetensors(folder)[0])
    put(folder, "model.safetensors.index.json", data)
    find_checkpoint(folder)


def _safetensors(folder: Path, data: bytes) -> None:
    from csm_cli.checkpoints.tensors import open_weights

    tensors = open_weights([put(folder, "model.safetensors", data)])
    sum(len(shape) for shape in tensors.shapes.values())


def _speech(folder: Path, data: bytes) -> None:
    from csm_cli.serve.bodies import BodyReader
    from csm_cli.serve.catalogue import Catalogue

    BodyReader(Catalogue("demo", folder), 4096).read(data)


def _wire(folder: Path, data: bytes) -> None:
    from csm_cli.engine.wire import receive, unpack

    here, there = socket.socketpair()
    with here, there:
        here.settimeout(1)
        there.sendall(data[:100_000])
        there.close()
        header, arrays = receive(here)
        unpack(header, arrays)


def _caches(folder: Path, data: bytes) -> None:
    """The files of the cache: all of them the same here."""
    from csm_cli.checkpoints.revision import checkpoint_revision
    from csm_cli.core.files import cache_dir
    from csm_cli.engine.lazy import remember_codec
    from csm_cli.rendering.estimate import last_speed, note_speed

    for name in ("speeds", "codecs", "checkpoints"):
        put(cache_dir(), f"{name}.json", data)
    file = put(folder, "a", b"a")
    revision = checkpoint_revision([file])
    engine: Any = SimpleNamespace(
        files=[file], codec_id="c0ffee", model_id="a", dtype="float32", device="cpu", quantize=None
    )
    remember_codec(engine)
    last_speed(engine)
    note_speed(engine, 10.0, 2.0)
    check_same(5.0, last_speed(engine), "the speed")
    (cache_dir() / "checkpoints.json").unlink(missing_ok=True)
    check_same(revision, checkpoint_revision([file]), "the revision")


def _reference_codes(folder: Path, data: bytes) -> None:
    import numpy as np

    from csm_cli.voices.codes import codes_path, reference_codes

    sound = put(folder, "clip.wav", seeds.sound())
    codec: Any = SimpleNamespace(codec_id="c0ffee", sample_rate=24_000)
    codec.encode = lambda audio: np.ones((5, 4), np.int16)
    voice: Any = SimpleNamespace(audio=sound, name="anna", folder=folder)
    path = codes_path(sound.read_bytes(), codec.codec_id)
    put(path.parent, path.name, data)
    codes = reference_codes(voice, codec)
    check_same((np.dtype(np.int16), 2), (codes.dtype, codes.ndim), "codes of a voice")


_MADE = {"txt": seeds.txt, "fbz": seeds.fbz}

READERS = {
    reader.name: reader
    for reader in (
        *(
            Reader(name, _MADE.get(name) or seeds.corpus(name), _script(f".{name}"), share)
            for name, share in (
                *(("yaml", 2.0), ("md", 2.0), ("fountain", 1.0), ("txt", 1.0), ("json", 1.0)),
                *(
                    ("epub", 1.0),
                    ("html", 1.0),
                    ("docx", 0.7),
                    ("odt", 1.0),
                    ("fb2", 1.0),
                    ("fbz", 0.3),
                    ("pdf", 0.5),
                ),
            )
        ),
        Reader("lint", seeds.lint, _lint, 0.5),
        Reader("spoken", seeds.txt, _spoken, 0.5),
        Reader("card", seeds.corpus("card"), _card),
        Reader("zip", seeds.voice_archive, _voice_archive),
        Reader("lexicon", seeds.corpus("lexicon"), _lexicon("lexicon.yaml")),
        Reader("pls", seeds.corpus("pls"), _lexicon("lexicon.pls")),
        Reader("lock", seeds.lock, _lock, 0.5),
        Reader("index", seeds.index, _index, sealed=seeds.sealed_index),
        Reader("take", seeds.sidecar, _take, sealed=seeds.sealed_take),
        Reader("record", seeds.record, _record),
        Reader("timeline", seeds.timelines, _timeline),
        Reader("ledger", seeds.ledger, _ledger),
        Reader("marks", seeds.marks, _marks),
        Reader("clips", seeds.clips, _clips),
        Reader("report", seeds.report, _report),
        Reader("manifest", seeds.corpus("manifest"), _manifest("manifest.jsonl")),
        Reader("csv", seeds.corpus("csv"), _manifest("manifest.csv")),
        Reader("config", seeds.config, _checkpoint("config.json")),
        Reader("generation", seeds.generation, _checkpoint("generation_config.json")),
        Reader("adapter", seeds.adapter, _adapter, 0.5),
        Reader("shards", seeds.shards, _shards, 0.5),
        Reader("tokenizer", seeds.tokenizer, _checkpoint("tokenizer.json"), 0.5),
        Reader("safetensors", seeds.safetensors, _safetensors),
        Reader("speech", seeds.speech, _speech),
        Reader("wire", seeds.wire, _wire),
        Reader("caches", seeds.caches, _caches, 0.5),
        Reader("codes", seeds.codes, _reference_codes, 0.5),
        Reader("schema", seeds.lint, _script(".yaml"), make=script_of),
        *SOUNDS,
        *SERVICES,
    )
}
