"""A stand-in for the Hub on localhost: repositories are folders, downloads can stand still, some are
gated.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub(ThreadingHTTPServer):
    """Attributes: repositories by id; gated ids; log of (method, path, Range); break_after: bytes after
    which the next download of a file is cut off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Path] = {}
        self.gated: set[str] = set()
        self.log: list[tuple[str, str, str | None]] = []
        self.stall_after: dict[str, int] = {}
        self.stalled, self.closing = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetched(self) -> set[str]:
        """Names of the files whose contents were requested."""
        return {
            path.rsplit("/", 1)[1] for method, path, _ in self.log if method == "GET" and "/resolve/" in path
        }


@contextmanager
def hub() -> Iterator[FakeHub]:
    server = FakeHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.split("?")[0]
        self.server.log.append((self.command, path, self.headers.get("Range")))
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/([^/]+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        found = api or file
        folder = self.server.repositories.get(found[1]) if found else None
        if found is None or folder is None:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif file and found[1] in self.server.gated:
            self._send(403, b"", {"X-Error-Code": "GatedRepo"})
        elif api:
            names = sorted(p for p in folder.rglob("*") if p.is_file())
            siblings = [{"rfilename": str(p.relative_to(folder)), "size": p.stat().st_size} for p in names]
            about = {"id": found[1], "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}
            self._send(200, json.dumps(about).encode(), {"Content-Type": "application/json"})
        elif not (folder / file[3]).is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        else:
            self._file(folder / file[3], body)

    def _file(self, path: Path, body: bool) -> None:
        data = path.read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        status, start = 200, 0
        if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            status, start = 206, int(wanted[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        limit = self.server.stall_after.pop(path.name, None) if body else None
        self._send(status, data[start:], headers, body, limit)

    def _send(
        self, status: int, data: bytes, headers: dict[str, str], body: bool = True, limit: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data[:limit])
        if limit is not None:
            self.wfile.flush()
            self.server.stalled.set()
            self.server.closing.wait()
            self.close_connection = True
