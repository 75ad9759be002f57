from __future__ import annotations

import hashlib
import importlib.metadata
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora import Library as Exported
from harness.corpora import shelves as module
from harness.corpora.base import CorpusCard, Examples, Files, Source, row_ids
from harness.corpora.shelves import BUILTIN, Library
from harness.corpora.status import forms
from harness.errors import DataMissing, ExtraMissing, UsageError

#: Corpora whose published bytes are not known here.
UNPINNED = {"tweeteval-irony", "tweeteval-sentiment", "isarcasmeval", "meld", "emorynlp", "iemocap"}
#: Corpora that nobody serves at a pinned address with known bytes.
UNSERVED = {"semeval2017-task4a", *UNPINNED}

LINES = Source(
    path="toy/lines.txt", sha256=hashlib.sha256(b"a\nb\n").hexdigest(), size=4, url="https://toy.org/lines.txt"
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


class Broken:
    def __init__(self) -> None:
        raise RuntimeError("no good")


class Needy:
    def __init__(self) -> None:
        raise ExtraMissing("pip install something")


def library_of(tmp_path: Path, corpora: Mapping[str, Any], **options: Any) -> Library:
    return Library(tmp_path / "data", tmp_path / "cache", corpora=corpora, **options)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "toy" / "lines.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a\nb\n")
    return path


def test_the_package_exports_the_library() -> None:
    assert Exported is Library
    with pytest.raises(AttributeError, match="Shelf"):
        import harness.corpora

        harness.corpora.Shelf  # noqa: B018


def test_loading_is_done_once(tmp_path: Path, data: Path) -> None:
    toy = Toy()
    library = library_of(tmp_path, {"toy": toy})
    assert library.load("toy", "all").texts == ("a", "b")
    data.unlink()
    assert library.load("toy", "all") is library.load("toy", "all")
    assert toy.reads == 1


def test_a_failed_load_is_tried_again(tmp_path: Path, data: Path) -> None:
    library = library_of(tmp_path, {"toy": Toy()}, offline=True)
    content = data.read_bytes()
    data.unlink()
    with pytest.raises(DataMissing):
        library.load("toy", "all")
    data.write_bytes(content)
    assert len(library.load("toy", "all")) == 2


def test_unknown_names_suggest_near_ones(tmp_path: Path) -> None:
    library = Library(None, tmp_path, offline=True)
    with pytest.raises(UsageError, match="there is no corpus 'emobnak'; did you mean emobank"):
        library.load("emobnak", "train")
    with pytest.raises(UsageError, match=r"there is no corpus 'x'; there are toy$"):
        library_of(tmp_path, {"toy": Toy()}).card("x")
    with pytest.raises(UsageError, match="toy has no split 'test'; there are all"):
        library_of(tmp_path, {"toy": Toy()}).load("toy", "test")


def test_a_broken_corpus_harms_nobody_else(tmp_path: Path, data: Path) -> None:
    table = {
        "toy": Toy(),
        "gone": "harness.corpora.no_such_module:X",
        "broken": f"{__name__}:Broken",
        "typo": "harness.corpora.mr:Nothing",
    }
    library = library_of(tmp_path, table)
    assert library.names() == ("toy", "gone", "broken", "typo")
    assert len(library.load("toy", "all")) == 2
    for name, reason in (("gone", "ModuleNotFoundError"), ("typo", "AttributeError")):
        with pytest.raises(UsageError, match=f"the corpus '{name}' of affectbench .* cannot be loaded: {reason}"):
            library.corpus(name)
    with pytest.warns(UserWarning, match="cannot be loaded") as caught:
        assert [card.name for card in library.cards()] == ["toy"]
    assert len(caught) == 3


class Entries:
    """Stands for the distributions that are installed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **entries: str) -> None:
        made = [importlib.metadata.EntryPoint(name, value, module.GROUP) for name, value in entries.items()]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: made if group == module.GROUP else [])


def test_other_distributions_bring_corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["harness.corpora.mr"], "Toy", Toy, raising=False)
    Entries(monkeypatch, toy="harness.corpora.mr:Toy")
    library = Library(None, tmp_path, offline=True)
    assert library.names() == (*BUILTIN, "toy")
    assert library.card("toy").title == "Toy"


def test_declaring_a_built_in_corpus_in_the_same_words_is_no_collision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Entries(monkeypatch, mr=BUILTIN["mr"])
    assert Library(None, tmp_path, offline=True).card("mr").name == "mr"


def test_a_collision_names_both_origins_and_spares_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Entries(monkeypatch, mr="other.package:Reviews")
    library = Library(None, tmp_path, offline=True)
    with pytest.raises(UsageError, match=r"declared more than once, by affectbench .* and by .*other\.package:Reviews"):
        library.corpus("mr")
    assert library.card("cr").name == "cr"


def test_an_entry_point_that_needs_an_extra_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["harness.corpora.mr"], "Needy", Needy, raising=False)
    monkeypatch.setattr(sys.modules["harness.corpora.mr"], "Broken", Broken, raising=False)
    Entries(monkeypatch, needy="harness.corpora.mr:Needy", broken="harness.corpora.mr:Broken")
    library = Library(None, tmp_path, offline=True)
    with pytest.raises(ExtraMissing, match="pip install something"):
        library.corpus("needy")
    with pytest.raises(UsageError, match=r"the corpus 'broken' of the package .*RuntimeError: no good"):
        library.corpus("broken")


class TestStatus:
    def test_places(self, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        library = library_of(tmp_path, {"toy": Toy()})
        status = library.status("toy")
        assert (status.place, status.available) == ("data-dir", True)
        cached = tmp_path / "cache" / "corpora" / "toy" / "lines.txt"
        cached.parent.mkdir(parents=True)
        data.rename(cached)
        assert library.status("toy").place == "cache"
        cached.unlink()
        assert (library.status("toy").place, library.status("toy").available) == ("hub", False)
        assert library_of(tmp_path, {"toy": Toy()}, offline=True).status("toy").place == "nowhere"
        assert library_of(tmp_path, {"toy": Toy(sources=())}).status("toy").place == "built-in"
        bare = Toy(sources=(replace(LINES, url=None),))
        assert library_of(tmp_path, {"toy": bare}).status("toy").place == "nowhere"

    def test_files_and_checksums(self, tmp_path: Path, data: Path) -> None:
        library = library_of(tmp_path, {"toy": Toy()})
        (file,) = library.status("toy").files
        assert (file.path, file.size, file.checksum) == (data, 4, "not checked")
        assert library.status("toy", verify=True).files[0].checksum == "right"
        data.write_bytes(b"a\r\nb\r\n")
        assert library.status("toy", verify=True).files[0].checksum == "wrong"
        data.unlink()
        (file,) = library.status("toy", verify=True).files
        assert (file.path, file.size, file.checksum) == (None, None, "none")

    def test_card_facts(self, tmp_path: Path) -> None:
        status = library_of(tmp_path, {"toy": Toy(notes="mind the gap")}).status("toy")
        assert (status.name, status.title, status.licence, status.notes) == ("toy", "Toy", "CC0", "mind the gap")
        assert status.rows == {"all": 2}

    def test_nothing_is_read(self, tmp_path: Path, data: Path) -> None:
        toy = Toy()
        library_of(tmp_path, {"toy": toy}).status("toy", verify=True)
        assert toy.reads == 0

    def test_any_complete_form_counts(self, tmp_path: Path) -> None:
        library = Library(tmp_path / "data", tmp_path / "cache", offline=True)
        (tmp_path / "data" / "aclImdb").mkdir(parents=True)
        (tmp_path / "data" / "emotales").mkdir()
        (tmp_path / "data" / "emotales" / "emotales_means.csv").write_text("")
        assert library.status("imdb").place == "data-dir"
        assert [file.source.path for file in library.status("imdb").files] == ["aclImdb"]
        assert library.status("emotales").place == "data-dir"
        assert library.status("mr").place == "nowhere"

    def test_every_missing_corpus_can_be_fetched_but_tweets_and_dialogues(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AFFECTBENCH_OFFLINE", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        library = Library(None, tmp_path)
        places = {name: library.status(name).place for name in BUILTIN if name != "sample"}
        assert {name for name, place in places.items() if place != "hub"} == UNSERVED


def test_fetch_loads_every_split(tmp_path: Path, data: Path) -> None:
    library = library_of(tmp_path, {"toy": Toy()})
    assert library.fetch("toy").place == "data-dir"


def test_the_environment_keeps_a_library_offline(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data.unlink()
    with pytest.raises(DataMissing, match="offline: the network was not tried"):
        library_of(tmp_path, {"toy": Toy()}).load("toy", "all")
    for name in BUILTIN:
        if name != "sample":
            library = Library(None, tmp_path)
            with pytest.raises(DataMissing, match=f"^{name}: "):
                library.load(name, next(iter(library.card(name).rows)))


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "sample" and not name.startswith("ratings-")])
def test_cards_are_complete_and_agree_with_their_pins(tmp_path: Path, name: str) -> None:
    card: Any = Library(None, tmp_path, offline=True).card(name)
    assert card.name == name
    assert card.title and card.labels and card.licence and card.citation and card.homepage and card.notes
    assert {split: sum(pin.rows) for split, pin in card.pins.items()} == ({} if name in UNPINNED else card.rows)
    for pin in card.pins.values():
        assert len(pin.blocks) == 4 * sum(-(-rows // 500) for rows in pin.rows)
    for source in {source for form in forms(card) for source in form} | set(card.sources):
        assert source.url is None or source.url.startswith("https://")
        assert "/master/" not in (source.url or "")
        assert len(source.sha256) == 64 or not source.size


@pytest.mark.parametrize(
    "name", [name for name in BUILTIN if name not in {"sample", *UNPINNED} and not name.startswith("ratings-")]
)
def test_published_files_have_the_pinned_checksums(published: Library, name: str) -> None:
    status = published.status(name, verify=True)
    assert status.place == "data-dir"
    assert {file.checksum for file in status.files} == {"right"}
    assert all(file.size == file.source.size for file in status.files)
