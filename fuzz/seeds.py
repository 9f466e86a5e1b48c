"""Good files of every kind, small, made here; those of csm's own kinds are made by csm itself."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from csm_cli.core.types import Sampler
from csm_cli.takes.keys import LineRequest, ModelIdentity, VoiceIdentity, digest, spoken_take_id
from csm_cli.takes.take import Part, Take
from fuzz.mutations import packed

MADE = 1_700_000_000_000_000_000
FACTS: dict[str, Any] = {
    "model": {"id": "demo", "revision": "3f" * 10, "dtype": "float32"},
    "sampler": {"temperature": 0.9, "top_k": 50, "depth_temperature": None, "depth_top_k": None},
    "seed": 5,
    "context_turns": 3,
    "voices": {"(default)": "by tag", "anna": "9a" * 10},
    "spoken_form": 4,
    "lexicon": "none",
}
CORPUS = Path(__file__).parent / "corpus"


def corpus(name: str) -> Callable[[Path], list[bytes]]:
    """Makes the files of a folder of the corpus; a folder in it is a zip archive."""

    def read(folder: Path) -> list[bytes]:
        found = []
        for path in sorted((CORPUS / name).iterdir()):
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            inside.sort(key=lambda file: file.name != "mimetype")
            members = [(file.relative_to(path).as_posix(), file.read_bytes()) for file in inside]
            found.append(packed(members) if path.is_dir() else path.read_bytes())
        return found

    return read


def txt(folder: Path) -> list[bytes]:
    (text,) = (data.decode() for data in corpus("txt")(folder))
    return [text.encode(encoding) for encoding in ("utf-8", "cp1252", "utf-16")]


def fbz(folder: Path) -> list[bytes]:
    return [packed([("a.fb2", data)]) for data in corpus("fb2")(folder)]


def lint(folder: Path) -> list[bytes]:
    scripts = [*corpus("yaml")(folder), *corpus("md")(folder)]
    return [data for data in scripts if len(data) > 100]


def voice_archive(folder: Path) -> list[bytes]:
    return [packed([("anna/voice.yaml", corpus("card")(folder)[1]), ("anna/clip.wav", sound(3.2))])]


def lock(folder: Path) -> list[bytes]:
    import yaml as library

    scripts = {name: deepcopy(FACTS) for name in ("book.yaml", "b.md")}  # one object would become an alias
    return [library.safe_dump({"schema": 1, "scripts": scripts}).encode()]


@cache
def takes() -> tuple[Take, ...]:
    """A take of each of three lines, one of them pinned and chosen."""
    found: list[Take] = []
    for number, text in enumerate(("Is that the light?", "It is.", "No.")):
        request = LineRequest(
            "book.yaml",
            f"abc123{number}",
            "Anna",
            text,
            (text,),
            VoiceIdentity("anna", "v1", 1),
            ModelIdentity("demo", "3f" * 10, "float32"),
            Sampler(),
            5,
            0,
            3,
        )
        context = (found[-1].id,) if found else ()
        part = Part(text, 5, 4, 4 * 1920, context, scores={"asr": 0.9, "times": [[0.1, 0.2]]})
        name = spoken_take_id(request, [(part.text, part.seed, part.heard)])
        take = Take(
            name, "spoken", request, context, (part,), ("signal",), f"2026-01-0{number + 1}T00:00:00+00:00"
        )
        if number == 1:
            take = replace(take, pins=(request.place,), chosen={request.place: take.made})
        found.append(take)
    return tuple(found)


def index(folder: Path) -> list[bytes]:
    """The index of a store that is made in the folder."""
    from csm_cli.takes.store import TakeStore

    store = TakeStore(folder / "takes")
    for take in takes():
        store.save(take, [np.ones((4, 4), np.int16)], [np.full(4 * 1920, 0.1, np.float32)])
    for path in (folder / "takes").glob("??/*.json"):
        os.utime(path, ns=(MADE, MADE))  # which the index states: a finding is one in every folder
    store = TakeStore(folder / "takes")
    store.index.rows()
    store.close()
    return [(folder / "takes" / "index.json").read_bytes()]


def sealed_index(data: bytes) -> bytes:
    from csm_cli.takes.rows import with_hash

    try:
        return with_hash(json.dumps(json.loads(data)["takes"]).encode())
    except (ValueError, KeyError, TypeError, RecursionError):
        return data


def sidecar(folder: Path) -> list[bytes]:
    from csm_cli.takes.store import TakeStore

    index(folder)
    store = TakeStore(folder / "takes")
    return [store.peek(take.id).to_json().encode() for take in takes() if store.peek(take.id)]  # type: ignore[union-attr]


def sealed_take(data: bytes) -> bytes:
    try:
        value = json.loads(data)
        value.pop("digest")
        return json.dumps(value | {"digest": digest(value)}, ensure_ascii=False).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return data


def record(folder: Path) -> list[bytes]:
    from csm_cli.delivery.options import Delivery
    from csm_cli.rendering.files_made import files_to_remember
    from csm_cli.rendering.options import RenderOptions
    from csm_cli.takes.record import Used, merge_record

    options = RenderOptions(verify=frozenset({"asr"}), temperature=0.7, top_k=20, model="demo").to_remember()
    options |= files_to_remember(Delivery(), folder, folder / "book.yaml")
    merge_record(folder, "book.yaml", {"abc1230": Used("3f" * 10, True, ("cut off",))}, options=options)
    return [(folder / "renders" / "book.yaml.json").read_bytes()]


def timeline() -> Any:
    """Two chapters with lines, words, pauses and a sound."""
    from csm_cli.audio.timeline import ChapterTimeline, PauseEntry, SoundEntry, Timeline, TimelineEntry
    from csm_cli.audio.word_times import WordTime

    def chapter(number: int, title: str) -> ChapterTimeline:
        words = (WordTime(0, 2, 0.5, 0.7), WordTime(3, 7, 0.7, 1.0))
        line = TimelineEntry(
            chapter=number,
            line_id="abc1230",
            speaker="Anna",
            text="Is that the light?",
            seed=5,
            start=0.5,
            end=1.5,
            new_paragraph=True,
            takes=("3f" * 10,),
            speed=1.1,
            cues=(("laughs", "that", 3),),
            words=words,
        )
        return ChapterTimeline(
            number=number,
            title=title,
            file=f"0{number}-{title.lower()}.wav",
            duration=2.0,
            entries=(line,),
            more_files=(f"0{number}-{title.lower()}.mp3",),
            pauses=(PauseEntry("line", 1.5, 2.0),),
            sounds=(SoundEntry("sound", "bell.wav", -6.0, 1.0, 1.5),),
            offset=2.0 * (number - 1),
            gain_db=-1.25,
        )

    book = {"title": "The Lamp", "author": "A. Writer", "source": "book.yaml"}
    return Timeline("The Lamp", 24_000, (chapter(1, "One"), chapter(2, "Two")), book, ("book.m4b",))


def timelines(folder: Path) -> list[bytes]:
    return [timeline().to_json().encode()]


def ledger(folder: Path) -> list[bytes]:
    from csm_cli.delivery.ledger import NAME, Ledger

    made = [folder / name for name in ("01-one.wav", "02-two.wav", "book.m4b")]
    for path in made:
        path.write_bytes(b"sound")
    book = Ledger(folder, "book.yaml", 2)
    book.add(made, timeline(), [1, 2])
    book.write()
    return [(folder / NAME).read_bytes()]


def marks(folder: Path) -> list[bytes]:
    from csm_cli.review.marks import MarkFile

    file = MarkFile(folder, "book.yaml")
    file.mark("abc1230", "3f" * 10, "bad", "noise")
    file.mark("abc1231", "9a" * 10, "good")
    return [(folder / "marks" / "book.yaml.json").read_bytes()]


def clips(folder: Path) -> list[bytes]:
    entry = {"line": "abc1230", "take": "3f" * 10, "text": "Is that the light?"}
    return [
        json.dumps({"schema": 1, "script": "book.yaml", "clips": {"0001-anna-abc1230.wav": entry}}).encode()
    ]


def report(folder: Path) -> list[bytes]:
    take = {
        "id": "3f" * 10,
        "seconds": 1.0,
        "tries": 1,
        "seed": 5,
        "reasons": [],
        "likeness": 0.8,
        "peaks": "0aZ",
    }
    line = {
        "id": "abc1230",
        "speaker": "Anna",
        "voice": "anna",
        "text": "No.",
        "state": "rendered",
        "stale": False,
    }
    line |= {"review": [], "take": take, "others": [take], "start": 0.5, "end": 1.5}
    chapter = {"number": 1, "title": "One", "seconds": 2.0, "likeness": [], "lines": [line]}
    value = {"schema": 1, "csm": "1", "script": "book.yaml", "title": "The Lamp", "made_with": FACTS}
    return [json.dumps(value | {"totals": {}, "chapters": [chapter, chapter | {"number": 2}]}).encode()]


def _demo(name: str) -> list[bytes]:
    from csm_cli.checkpoints.find import DEMO_CHECKPOINT

    return [(DEMO_CHECKPOINT / name).read_bytes()]


def config(folder: Path) -> list[bytes]:
    original = {"backbone_flavor": "llama-1B", "decoder_flavor": "llama-100M", "audio_vocab_size": 2051}
    return [*_demo("config.json"), json.dumps(original).encode()]


def generation(folder: Path) -> list[bytes]:
    return _demo("generation_config.json")


def tokenizer(folder: Path) -> list[bytes]:
    """That of the embedded voice; the same with the steps and the models that others have."""
    (whole,) = _demo("tokenizer.json")
    value = json.loads(whole)
    letters = {chr(sign): sign - 32 for sign in range(32, 127)} | {"Ġ": 95, "th": 96, "?!": 97}
    split = value["pre_tokenizer"]
    in_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "_"}
    normalizer = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}, replace]}
    model = {"vocab": letters, "unk_token": "?"}
    others: list[dict[str, Any]] = [
        {"model": model | {"type": "BPE", "merges": [["t", "h"]], "byte_fallback": False}},
        {"model": {"type": "Unigram", "vocab": [["?", 0.0], ["th", -1.5], ["a", -2.0]], "unk_id": 0}},
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, in_bytes]}, "normalizer": normalizer},
    ]
    return [whole, *(json.dumps(value | each).encode() for each in others)]


def adapter(folder: Path) -> list[bytes]:
    value = {"base_model_name_or_path": "../demo", "peft_type": "LORA", "r": 8, "lora_alpha": 16}
    return [json.dumps(value | {"target_modules": ["q_proj"], "use_dora": False, "revision": None}).encode()]


def shards(folder: Path) -> list[bytes]:
    value = {
        "metadata": {"total_size": 32},
        "weight_map": {"a.weight": "a.safetensors", "b": "b.safetensors"},
    }
    return [json.dumps(value).encode()]


def safetensors(folder: Path) -> list[bytes]:
    header = {
        "__metadata__": {"format": "pt"},
        "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
    }
    text = json.dumps(header).encode()
    return [struct.pack("<Q", len(text)) + text + bytes(32)]


@cache
def sound(seconds: float = 0.05, format: str = "WAV", kind: str = "PCM_16") -> bytes:
    """A tone."""
    import soundfile

    data = io.BytesIO()
    tone = 0.3 * np.sin(np.arange(int(seconds * 24_000)) / 20)
    soundfile.write(data, tone, 24_000, subtype=kind, format=format)
    return data.getvalue()


def audio(folder: Path) -> list[bytes]:
    kinds = (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16"))
    return [sound(0.2, *kind) for kind in (*kinds, ("MP3", "MPEG_LAYER_III"))]


def pictures(folder: Path) -> list[bytes]:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 20, 30) + bytes(20)
    jpeg = (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0"
        + bytes(9)
        + b"\xff\xc0\0\x0b\x08\0\x1e\0\x14\x01"
        + bytes(20)
        + b"\xff\xd9"
    )
    return [png, jpeg]


def mpeg(folder: Path) -> list[bytes]:
    comment = b"\0comment\0AI-narrated"
    frame = b"TXXX" + struct.pack(">I", len(comment)) + b"\0\0" + comment
    tag = b"ID3\3\0\0" + bytes([0, 0, 0, len(frame)]) + frame
    titles = b"chpl" + bytes(8) + b"\1" + bytes(8) + bytes([255]) + b"a" * 255
    box = struct.pack(">I", len(titles) + 4) + titles
    box = struct.pack(">I", len(box) + 8) + b"udta" + box
    return [tag + sound(0.2, "MP3", "MPEG_LAYER_III"), struct.pack(">I", len(box) + 8) + b"moov" + box]


def speech(folder: Path) -> list[bytes]:
    body = {
        "model": "tts-1",
        "input": "Is that the light?",
        "voice": "alloy",
        "response_format": "wav",
        "speed": 1.1,
    }
    return [
        json.dumps(body | {"seed": 5, "temperature": 0.7, "mode": "frames", "stream_format": "sse"}).encode()
    ]


def wire(folder: Path) -> list[bytes]:
    import socket

    from csm_cli.core.types import Segment, Utterance
    from csm_cli.engine.wire import pack, send

    codes = np.ones((3, 4), np.int16)
    here, there = socket.socketpair()
    with here, there:
        send(
            there, *pack(Utterance(1, "It is.", (Segment(0, "No.", codes),), 5, lead=Segment(1, "A", codes)))
        )
        return [here.recv(1 << 16)]


def caches(folder: Path) -> list[bytes]:
    mark = hashlib.sha256(b"a").hexdigest()
    return [json.dumps({f"{folder}/a:1:1": mark, "r float32 cpu": 3.5, mark[:20]: "c0ffee"}).encode()]


def codes(folder: Path) -> list[bytes]:
    data = io.BytesIO()
    np.save(data, np.ones((5, 4), np.int16), allow_pickle=False)
    return [data.getvalue() + hashlib.sha256(repr((5, 4)).encode() + bytes([1, 0] * 20)).digest()[:16]]
