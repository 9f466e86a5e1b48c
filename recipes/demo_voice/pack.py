"""Code shards in few bytes, for carrying them between machines.

    python -m recipes.demo_voice.pack pack CODES OUT [--megabytes 15]
    python -m recipes.demo_voice.pack unpack PACKED... --out CODES

A code takes 9 bits (512 codes), 0.6 MB an hour of speech; texts are compressed. Every packed file stands for
itself, so any number of them can be carried.
"""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path

import numpy as np

BITS = 9
FIELDS = ("ends", "tags", "speakers")


def pack_codes(codes: np.ndarray) -> np.ndarray:
    """int16 `[frames, codebooks]` below 512 → uint8, 9 bits a code."""
    bits = (codes.astype(np.uint16).reshape(-1, 1) >> np.arange(BITS, dtype=np.uint16)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1))


def unpack_codes(packed: np.ndarray, frames: int, codebooks: int) -> np.ndarray:
    """The inverse of `pack_codes`."""
    bits = np.unpackbits(packed, count=frames * codebooks * BITS).reshape(-1, BITS)
    return (
        (bits.astype(np.int16) << np.arange(BITS, dtype=np.int16))
        .sum(1, dtype=np.int16)
        .reshape(frames, codebooks)
    )


def pack(folder: Path, target: Path, megabytes: float) -> list[Path]:
    """Write the shards of `folder` as `target/codes-00.npz` …, each of at most about so many megabytes."""
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    arrays: dict[str, np.ndarray] = {}
    size = 0

    def flush() -> None:
        nonlocal arrays, size
        if arrays:
            written.append(target / f"codes-{len(written):02d}.npz")
            np.savez(written[-1], allow_pickle=False, **arrays)
            arrays, size = {}, 0

    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as shard:
            codes = shard["codes"]
            parts = {
                "codes": pack_codes(codes),
                "shape": np.array(codes.shape),
                "texts": np.frombuffer(lzma.compress(shard["texts"].tobytes()), np.uint8),
                **{name: shard[name].astype(np.int32) for name in FIELDS if name in shard.files},
            }
        arrays |= {f"{path.stem}/{name}": value for name, value in parts.items()}
        size += sum(value.nbytes + 200 for value in parts.values())
        if size > megabytes * 1e6 * 0.97:
            flush()
    flush()
    return written


def unpack(source: Path, folder: Path) -> int:
    """Write the shards of a packed file into `folder`; returns their frames."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = 0
    with np.load(source) as packed:
        for name in sorted({key.rsplit("/", 1)[0] for key in packed.files}):
            shape = packed[f"{name}/shape"]
            kept = {n: packed[f"{name}/{n}"] for n in FIELDS if f"{name}/{n}" in packed.files}
            texts = lzma.decompress(packed[f"{name}/texts"].tobytes())
            np.savez(folder / f"{name}.npz", codes=unpack_codes(packed[f"{name}/codes"], *map(int, shape)),
                     texts=np.frombuffer(texts, np.uint8), **kept)  # fmt: skip
            frames += int(shape[0])
    return frames


def main() -> None:
    """Pack or unpack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("codes", type=Path)
    packing.add_argument("out", type=Path)
    packing.add_argument("--megabytes", type=float, default=15)
    unpacking = commands.add_parser("unpack")
    unpacking.add_argument("packed", type=Path, nargs="+")
    unpacking.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "pack":
        for path in pack(options.codes, options.out, options.megabytes):
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    else:
        frames = sum(unpack(path, options.out) for path in options.packed)
        print(f"{frames / 12.5 / 3600:.1f} hours")


if __name__ == "__main__":
    main()
