import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.listings import data as bench_data
from harness.corpora import CorpusCard, CorpusRegistry, Examples, Files, Source
from harness.corpora.base import row_ids
from harness.corpora.files import download
from harness.corpora.registry import builtin
from harness.errors import DataInvalid, DataMissing, StorageFault

#: A refused download leaves its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONTENT = b"a\nb\n"
LINES = Source(
    path="toy/lines.txt", sha256=hashlib.sha256(CONTENT).hexdigest(), size=4, url="https://toy.org/lines.txt"
)


class Toy:
    """A corpus of lines."""

    def __init__(self, **changes: Any) -> None:
        self.reads = 0
        card = CorpusCard(
            name="toy", title="Toy", rows={"all": 2}, labels="", licence="CC0", citation="", sources=(LINES,)
        )
        self.card = replace(card, **changes)

    def read(self, split: str, files: Files) -> Examples:
        self.reads += 1
        texts = tuple(files.path(LINES).read_text().split())
        return Examples(texts=texts, ids=row_ids(split, len(texts)), labels={})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "toy" / "lines.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def of(tmp_path: Path, corpus: Any, **options: Any) -> CorpusRegistry:
    return CorpusRegistry(tmp_path / "data", tmp_path / "cache", corpora={"toy": corpus}, **options)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def test_loading_is_done_once_and_what_is_missing_is_looked_for_once(tmp_path: Path, path: Path) -> None:
    toy = Toy()
    registry = of(tmp_path, toy)
    path.unlink()
    with pytest.raises(DataMissing, match=r"^toy: toy/lines\.txt is not in .*offline: the network was not tried"):
        registry.load("toy", "all")
    path.write_bytes(CONTENT)
    with pytest.raises(DataMissing):
        registry.load("toy", "all")
    registry = of(tmp_path, toy)
    assert registry.load("toy", "all") is registry.load("toy", "all")
    assert toy.reads == 2


def test_status_says_where_the_files_are(tmp_path: Path, path: Path, online: None) -> None:
    registry = of(tmp_path, Toy())
    (file,) = registry.status("toy").files
    assert (registry.status("toy").place, file.path, file.size, file.published) == ("data-dir", path, 4, True)
    path.write_bytes(b"a\r\nb\r\n")
    (file,) = registry.status("toy").files
    assert (file.size, file.published) == (6, False)
    cached = tmp_path / "cache" / "corpora" / "toy" / "lines.txt"
    cached.parent.mkdir(parents=True)
    path.rename(cached)
    assert registry.status("toy").place == "cache"
    cached.unlink()
    assert (registry.status("toy").place, registry.status("toy").available) == ("hub", False)
    assert of(tmp_path, Toy(), offline=True).status("toy").place == "nowhere"
    assert of(tmp_path, Toy(sources=())).status("toy").place == "built-in"
    assert of(tmp_path, Toy(others=((Source(path="elsewhere"),),))).status("toy").place == "hub"
    (tmp_path / "data" / "elsewhere").mkdir()
    assert of(tmp_path, Toy(others=((Source(path="elsewhere"),),))).status("toy").place == "data-dir"


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/lines.txt" else 404)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_download_is_whole_and_as_pinned_or_not_there(tmp_path: Path, server: str) -> None:
    destination = tmp_path / "cache" / "lines.txt"
    download(replace(LINES, url=f"{server}/lines.txt"), destination)
    assert destination.read_bytes() == CONTENT
    destination.unlink()
    with pytest.raises(DataInvalid, match="does not serve the published file"):
        download(replace(LINES, url=f"{server}/lines.txt", sha256="0" * 64), destination)
    with pytest.raises(DataMissing, match=r"cannot be fetched.*404"):
        download(replace(LINES, url=f"{server}/other"), destination)
    with pytest.raises(DataMissing, match="cannot be fetched"):
        download(replace(LINES, url="http://127.0.0.1:9/lines.txt"), destination)
    assert not list(destination.parent.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(StorageFault, match="choose another --cache-dir"):
        download(replace(LINES, url=f"{server}/lines.txt"), tmp_path / "file" / "lines.txt")


@pytest.mark.parametrize("name", builtin())
def test_offline_every_corpus_says_how_to_get_it(name: str, tmp_path: Path) -> None:
    registry = CorpusRegistry(tmp_path, tmp_path / "cache", offline=True)
    card = registry.card(name)
    assert card.title and card.labels and card.licence and card.citation and card.homepage and card.notes
    assert set(card.checksums or card.rows) == set(card.rows)
    remedy = (
        f"bench data --fetch {name}"
        if any(s.url for form in (card.sources, *card.others) for s in form)
        else card.homepage
    )
    with pytest.raises(DataMissing, match=f"^{name}: .*{remedy}") as raised:
        registry.load(name, next(iter(card.rows)))
    assert all(form[0].path in str(raised.value) for form in (card.sources, *card.others))


def test_bench_data_shows_the_files_own_size_and_goes_on_after_a_fault(tmp_path: Path) -> None:
    (tmp_path / "emobank").mkdir()
    (tmp_path / "emobank" / "emobank.csv").write_bytes(b"id,split,V,A,D,text\n")
    places = ["--data-dir", str(tmp_path), "--cache-dir", str(tmp_path / "cache"), "--offline"]
    done = CliRunner().invoke(bench_data, ["emobank", "mr", "--verify", *places], standalone_mode=False)
    assert done.return_value == 1
    assert "(20 bytes, not the published file of 1,335,010)" in done.output
    assert "data directory, FAULT" in done.output
    assert "senteval/downstream/MR/rt-polarity.pos: missing" in done.output
    assert "emobank: train is not as published" in done.output
    assert "data directory, another file" in CliRunner().invoke(bench_data, places, standalone_mode=False).output
    done = CliRunner().invoke(bench_data, ["ratings", "--format", "json", *places], standalone_mode=False)
    assert {row["corpus"] for row in json.loads(done.output)} >= {"ratings-tweets", "ratings-films"}
