from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.corpora.download import Downloader
from harness.errors import DataInvalid, DataMissing, StorageFault
from harness.files import PARTIAL

CONTENT = b"a line of our own\n" * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PLAIN = Downloader(schemes=("http",), timeout=5.0)

_REDIRECTS = {"to-whole": "/whole", "to-https": "https://127.0.0.1:9/x", "to-file": "file:///etc/hosts"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind = self.path.strip("/")
        if kind == "missing":
            self.send_error(404)
            return
        if kind == "busy":
            self.send_error(503)
            return
        if kind.startswith("to-"):
            self.send_response(302)
            self.send_header("Location", _REDIRECTS[kind])
            self.end_headers()
            return
        body = {"other": CONTENT[::-1], "longer": CONTENT + b"more"}.get(kind, CONTENT)
        self.send_response(200)
        if kind != "unannounced":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind in ("cut", "unannounced"):
            body = body[: len(body) // 2]
        try:
            if kind == "silent":
                self.wfile.write(body[:1000])
                self.wfile.flush()
                time.sleep(2)
            elif kind == "trickle":
                for i in range(100):
                    self.wfile.write(body[i : i + 1])
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(body)
        except OSError:
            pass  # The client gave up, as it should.

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(url: str, path: Path, downloader: Downloader = PLAIN) -> None:
    downloader.fetch(url, path, sha256=SHA256, size=len(CONTENT))


@pytest.mark.parametrize("kind", ["whole", "to-whole"])
def test_the_pinned_file_arrives_whole(address: str, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "deep" / "file.txt"
    fetch(f"{address}/{kind}", path)
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("missing", DataMissing, "answers 404 .*--data-dir"),
        ("busy", DataMissing, "answers 503"),
        ("cut", DataInvalid, "was cut short: 450,000 of 900,000 bytes.*try again"),
        ("unannounced", DataInvalid, "was cut short: 450,000 of 900,000 bytes"),
        ("other", DataInvalid, f"the pinned one is {SHA256}"),
        ("longer", DataInvalid, "more than the pinned 900,000 bytes"),
        ("to-https", DataMissing, "https://127.0.0.1:9/x is not an http address"),
        ("to-file", DataMissing, "answers 302"),
    ],
)
def test_nothing_else_is_kept(address: str, tmp_path: Path, kind: str, error: type[Exception], message: str) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(error, match=message):
        fetch(f"{address}/{kind}", path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_download_leaves_the_file_that_was_there(address: str, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"older")
    with pytest.raises(DataInvalid):
        fetch(f"{address}/other", path)
    assert path.read_bytes() == b"older"


def test_a_silent_server_is_given_up(address: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataMissing, match=r"cannot be reached .*timed out"):
        fetch(f"{address}/silent", tmp_path / "file.txt", Downloader(schemes=("http",), timeout=0.3))
    assert time.monotonic() - started < 1.5
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_trickles_is_given_up(address: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataMissing, match="is too slow"):
        fetch(f"{address}/trickle", tmp_path / "file.txt", Downloader(schemes=("http",), timeout=0.5))
    assert time.monotonic() - started < 4
    assert not any(entry.name.startswith(PARTIAL) for entry in tmp_path.iterdir())


def test_a_closed_port_is_unreachable(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"cannot be reached .*when online"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file.txt")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "ftp://127.0.0.1/x", "file:///etc/hosts"])
def test_only_https_by_default(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataMissing, match="is not an https address"):
        fetch(url, tmp_path / "file.txt", Downloader())


def test_a_cache_that_cannot_be_written_is_a_storage_fault(address: str, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file stands where a directory is needed")
    with pytest.raises(StorageFault, match="a downloaded corpus file"):
        fetch(f"{address}/whole", tmp_path / "blocked" / "file.txt")
