"""Voices as zip files: there and back, and nothing that leads out of the folder."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from csm_cli.audio.files import write_wav
from csm_cli.core.errors import CsmError, MissingError, UsageError
from csm_cli.core.files import data_dir
from csm_cli.voices.archive import MAX_BYTES, export_voice, import_voice
from csm_cli.voices.registry import VoiceRegistry
from csm_cli.voices.store import NewClip
from tests.voices.sounds import RATE, TEXT, speech


@pytest.fixture
def registry() -> VoiceRegistry:
    return VoiceRegistry(None)


@pytest.fixture
def packed(registry: VoiceRegistry, tmp_path: Path) -> Path:
    clips = [NewClip("calm", TEXT, speech()), NewClip("angry", "Grrr! “No.”", speech("fenrir"))]
    voice = registry.add("ann", clips, licence="CC0", consent="Ann", note="n", language="en").voice
    return export_voice(voice, tmp_path / "ann.zip")


def test_there_and_back(registry: VoiceRegistry, packed: Path, tmp_path: Path) -> None:
    old = registry.get("ann")
    assert not import_voice(registry, packed).changed, "it is here already"
    registry.remove("ann")
    new = import_voice(registry, packed).voice
    assert new == old
    assert export_voice(new, tmp_path / "again.zip").read_bytes() == packed.read_bytes()
    other = import_voice(registry, packed, name="bob").voice
    assert other.labels == ("calm", "angry") and other.licence == "CC0" and other.speaker != old.speaker
    with pytest.raises(UsageError, match=r"ann.zip: .*'fenrir' exists already .*--as, .*--force"):
        import_voice(registry, packed, name="fenrir")
    project = VoiceRegistry(tmp_path / "project")
    assert import_voice(project, packed, project=True).voice.layer == "project", "the user's is no hindrance"
    assert import_voice(registry, packed, name="fenrir", force=True).voice.text == TEXT


def test_a_shipped_voice_travels(registry: VoiceRegistry, tmp_path: Path) -> None:
    fenrir = registry.get("fenrir")
    copy = import_voice(registry, export_voice(fenrir, tmp_path / "fenrir.zip"), name="mine").voice
    assert (copy.text, copy.licence) == (fenrir.text, fenrir.licence)


def archive(path: Path, *files: tuple[str, bytes], mode: int = 0o644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, data)
    return path


def card(**values: object) -> bytes:
    return yaml.safe_dump({"speaker": 7, "text": TEXT, "audio": "a.wav", **values}).encode()


GOOD = ("eva/voice.yaml", card())


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([GOOD, ("../evil.wav", b"x")], "is not a file of a voice"),
        ([GOOD, ("/etc/evil.wav", b"x")], "is not a file of a voice"),
        ([GOOD, ("eva/../../evil.wav", b"x")], "is not a file of a voice"),
        ([GOOD, ("eva/..", b"x")], "is not a file of a voice"),
        ([GOOD, ("eva/a\\..\\evil.wav", b"x")], "is not a file of a voice|does not hold one voice"),
        ([GOOD, ("C:/evil.wav", b"x")], "is not a file of a voice"),
        ([GOOD, ("eva/deep/a.wav", b"x")], "is not a file of a voice"),
        ([GOOD, ("bob/a.wav", b"x")], "does not hold one voice"),
        ([("eva/a.wav", b"x")], "does not hold one voice"),
        ([], "does not hold one voice"),
        ([GOOD], "voice.yaml names a clip that is not there"),
        ([GOOD, ("eva/a.wav", b"not sound")], r"a.wav is not audio"),
        ([("eva/voice.yaml", card(audio="../../a.wav")), ("eva/a.wav", b"")], "outside its folder"),
        ([("eva/voice.yaml", b"\xff")], "is not UTF-8"),
        ([("EVA/voice.yaml", card()), ("EVA/a.wav", b"x")], "is not audio"),
        ([GOOD, ("eva/A.wav", b"x"), ("eva/a.wav", b"x")], "holds a file twice"),
        ([GOOD, *((f"eva/{n}.wav", b"x") for n in range(99))], "larger than a voice"),
        ([GOOD, ("eva/a.wav", bytes(MAX_BYTES + 1))], "larger than a voice"),
    ],
)
def test_zips_that_are_refused(registry: VoiceRegistry, tmp_path: Path, files: list, words: str) -> None:
    path = archive(tmp_path / "x.zip", *files)
    with pytest.raises(CsmError, match=words) as raised:
        import_voice(registry, path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert not list(data_dir().rglob("*.wav")) and not list(tmp_path.rglob("evil*"))


def test_a_link_is_refused(registry: VoiceRegistry, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", GOOD, ("eva/a.wav", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777)
    with pytest.raises(UsageError, match="is not a file of a voice"):
        import_voice(registry, path)


def test_a_name_from_a_zip_is_checked_like_any_other(registry: VoiceRegistry, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("Eva M/voice.yaml", card()), ("Eva M/a.wav", sound(speech())))
    with pytest.raises(UsageError, match="'Eva M' cannot be the name of a voice"):
        import_voice(registry, path)
    assert import_voice(registry, path, name="eva").voice.name == "eva"


def sound(audio: np.ndarray) -> bytes:
    file = io.BytesIO()
    write_wav(file, audio)
    return file.getvalue()


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.resize(speech(), 40 * RATE), r"a.wav is 40.0 s long, not 1 to 30 s; .*csm voices add"),
        (speech()[:10_000], r"a.wav is 0.4 s long, not 1 to 30 s"),
        (np.zeros(72_000), r"a.wav is silent"),
        (np.full(72_000, 0.5), r"a.wav is silent"),
    ],
)
def test_clips_that_no_model_can_use(registry, tmp_path: Path, audio: np.ndarray, words: str) -> None:
    path = archive(tmp_path / "x.zip", GOOD, ("eva/a.wav", sound(audio)))
    with pytest.raises(UsageError, match=words) as raised:
        import_voice(registry, path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "eva" not in [voice.name for voice in registry.all()]


def test_a_locked_zip_is_reported(registry: VoiceRegistry, packed: Path, tmp_path: Path) -> None:
    data = bytearray(packed.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UsageError, match="is locked with a password"):
        import_voice(registry, tmp_path / "x.zip")


def test_files_that_are_no_zip(registry: VoiceRegistry, packed: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        import_voice(registry, tmp_path / "none.zip")
    broken = tmp_path / "broken.zip"
    for data in (b"", b"not a zip", packed.read_bytes()[:-40], packed.read_bytes()[:9000]):
        broken.write_bytes(data)
        with pytest.raises(UsageError, match="not a zip file"):
            import_voice(registry, broken)
    damaged = bytearray(packed.read_bytes())
    damaged[3000:3100] = bytes(100)
    broken.write_bytes(damaged)
    with pytest.raises(CsmError):
        import_voice(registry, broken, force=True)
    with pytest.raises(CsmError):
        import_voice(registry, tmp_path)


def test_a_small_zip_of_ten_hours_is_refused_by_its_header(
    registry: VoiceRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = io.BytesIO()
    with soundfile.SoundFile(sound, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(60):
            file.write(np.zeros(60 * 8000, np.int16))
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann/voice.yaml", "name: ann\nspeaker: 3\ntext: words\naudio: reference.flac\n")
        archive.writestr("ann/reference.flac", sound.getvalue())
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("it is decoded"))
    with pytest.raises(UsageError, match=r"bomb\.zip: reference\.flac is 3600\.0 s long, not 1 to 30 s"):
        import_voice(registry, path)


def test_all_files_of_a_zip_together_have_a_limit(
    registry: VoiceRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csm_cli.voices.archive.MAX_BYTES", 10_000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann/voice.yaml", "name: ann\nspeaker: 3\n")
        for number in range(5):
            archive.writestr(f"ann/{number}.wav", bytes(3_000))
    with pytest.raises(UsageError, match="is larger than a voice"):
        import_voice(registry, path)
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\1\2")
    while place >= 0:  # the sizes that its directory states
        data[place + 24 : place + 28] = (100).to_bytes(4, "little")
        place = data.find(b"PK\1\2", place + 1)
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.zip: "):
        import_voice(registry, path)


def test_a_damaged_stream_is_one_line(registry: VoiceRegistry, packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        start = archive.getinfo("ann/calm.wav").header_offset + 30 + len("ann/calm.wav")
    data[start] = 0xFF
    packed.write_bytes(data)
    with pytest.raises(UsageError, match=r"ann\.zip: is not a zip file that can be read"):
        import_voice(registry, packed)


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_links_are_not_packed(registry: VoiceRegistry, tmp_path: Path) -> None:
    voice = registry.add("ann", [NewClip("", TEXT, speech())]).voice
    assert voice.audio is not None
    secret = tmp_path / "secret"
    secret.write_bytes(b"the secret")
    voice.audio.unlink()
    voice.audio.symlink_to(secret)
    with pytest.raises(CsmError, match=r"reference\.wav: cannot be read \(it is a link, .*; put the file"):
        export_voice(registry.get("ann"), tmp_path / "ann.zip")
    assert not (tmp_path / "ann.zip").exists()
    voice.audio.unlink()
    os.mkfifo(voice.audio)
    with pytest.raises(CsmError, match=r"voice\.yaml: names a clip that cannot be read \(.*it is a pipe"):
        registry.get("ann")


@pytest.mark.skipif(os.name != "posix", reason="needs pipes")
def test_a_pipe_is_no_zip_and_no_card(registry: VoiceRegistry, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(UsageError, match=r"a\.zip: cannot be read \(it is a pipe"):
        import_voice(registry, tmp_path / "a.zip")
    folder = data_dir() / "voices" / "bob"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "voice.yaml")
    with pytest.raises(CsmError, match=r"voice\.yaml: cannot be read \(it is a pipe"):
        registry.get("bob")
