"""MR, CR, SUBJ and MPQA: one reader, four corpora."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.corpora.cr import CustomerReviews
from harness.corpora.mpqa import OpinionPolarity
from harness.corpora.mr import MovieReviews
from harness.corpora.pins import pin_of
from harness.corpora.senteval_tokenizer import senteval_form
from harness.corpora.shelves import Library
from harness.corpora.sources import CorpusFiles, Recipe
from harness.corpora.subj import Subjectivity
from harness.errors import DataInvalid, DataMissing

POS = "senteval/downstream/MR/rt-polarity.pos"
NEG = "senteval/downstream/MR/rt-polarity.neg"
CONTENTS = {
    POS: b"a warm , funny clichM-i that works . \n\nwe  laughed\tall night . \n",
    NEG: b"it 's dull . \nI ca n't say more . \n",
}


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(MovieReviews, CONTENTS, {"all": (3, 2)})


def test_order_labels_and_tokens_are_sentevals(corpus: Any) -> None:
    examples = corpus.read("all")
    assert examples.texts == (
        "a warm , funny clichM-i that works .",
        "",
        "we laughed all night .",
        "it 's dull .",
        "I ca n't say more .",
    )
    assert examples.labels["label"].tolist() == [1, 1, 1, 0, 0]
    assert examples.labels["label"].dtype == np.int64
    assert examples.classes == ("negative", "positive")
    assert examples.ids[0] == "all-0"


def test_blank_lines_are_rows(corpus: Any) -> None:
    corpus.edit(POS, lambda raw: raw.replace(b"\n\n", b"\n"))
    with pytest.raises(DataInvalid, match=r"rt-polarity\.pos: expected 3 rows of mr/all, found 2: 1 missing"):
        corpus.read("all")


def test_latin_1_bytes_are_read_and_then_refused(corpus: Any) -> None:
    """The files of SentEval are ASCII; a byte above is the sign of a copy that skipped its first step."""
    corpus.edit(POS, lambda raw: raw.replace(b"M-i", b"\xe9"))
    with pytest.raises(DataInvalid, match="line 1 is mis-encoded: it holds 'é'"):
        corpus.read("all")


def test_carriage_returns_and_outer_blanks_are_not_content(corpus: Any) -> None:
    corpus.edit(NEG, lambda raw: raw.replace(b" \n", b"\r\n"))
    assert corpus.read("all").fingerprint == corpus.truth["all"].fingerprint


def test_swapped_files_are_an_edit_and_swapped_lines_an_order(corpus: Any) -> None:
    corpus.edit(NEG, lambda raw: b"".join(reversed(raw.splitlines(keepends=True))))
    with pytest.raises(DataInvalid, match="the right rows of all in another order"):
        corpus.read("all")
    corpus.edit(NEG, lambda raw: CONTENTS[POS][-23:] + raw.splitlines(keepends=True)[0])
    with pytest.raises(DataInvalid, match="edited"):
        corpus.read("all")


def test_one_missing_file_is_named(corpus: Any) -> None:
    corpus.path(NEG).unlink()
    with pytest.raises(DataMissing, match=r"mr: senteval/downstream/MR/rt-polarity\.neg is not in"):
        corpus.read("all")


@pytest.mark.parametrize("prefix", ["", "data/"])
def test_sentevals_own_folder_is_a_data_directory(corpus: Any, tmp_path: Path, prefix: str) -> None:
    for name, content in CONTENTS.items():
        path = tmp_path / "SentEval" / (prefix + name.removeprefix("senteval/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert corpus.read("all", tmp_path / "SentEval").fingerprint == corpus.truth["all"].fingerprint


def test_raw_files_are_brought_into_sentevals_form(corpus: Any, tmp_path: Path) -> None:
    import hashlib

    raws = {POS: "A warm, funny café—really.".encode("cp1252") + b"\n", NEG: b"It can't.\n"}
    recipes = {}
    sources = []
    for source, raw_source in zip(MovieReviews.sources, ("mr-raw/p", "mr-raw/n"), strict=True):
        raw = tmp_path / raw_source
        raw.parent.mkdir(exist_ok=True)
        raw.write_bytes(raws[source.path])
        built = senteval_form(raw)
        known = replace(
            source, path=raw_source, sha256=hashlib.sha256(raws[source.path]).hexdigest(), size=len(raws[source.path])
        )
        recipes[source.path] = Recipe(known, senteval_form)
        sources.append(replace(source, sha256=hashlib.sha256(built).hexdigest()))
    kind = type("Raw", (MovieReviews,), {"sources": tuple(sources), "recipes": recipes})
    reader = kind(replace(MovieReviews().card, rows={"all": 2}, pins={}))
    files = CorpusFiles(
        card=reader.card, data_dir=tmp_path, cache_dir=tmp_path / "cache", offline=True, recipes=recipes
    )
    assert reader.read("all", files).texts == ("A warm , funny cafM-iM-^Wreally .", "It ca n't .")
    assert (tmp_path / "cache" / POS).is_file()
    (tmp_path / "cache" / POS).unlink()
    (tmp_path / "mr-raw" / "p").write_bytes(b"another text\n")
    with pytest.raises(DataInvalid, match=r"mr-raw/p is not the published file .*cannot be built from it"):
        reader.read("all", files)


@pytest.mark.parametrize(
    ("kind", "first", "second", "labels"),
    [
        (CustomerReviews, "senteval/downstream/CR/custrev.pos", "senteval/downstream/CR/custrev.neg", [1, 0]),
        (OpinionPolarity, "senteval/downstream/MPQA/mpqa.pos", "senteval/downstream/MPQA/mpqa.neg", [1, 0]),
        (
            Subjectivity,
            "senteval/downstream/SUBJ/subj.objective",
            "senteval/downstream/SUBJ/subj.subjective",
            [1, 0],
        ),
    ],
)
def test_the_other_tasks(tiny: Callable[..., Any], kind: Any, first: str, second: str, labels: list[int]) -> None:
    corpus = tiny(kind, {first: b"first file . \n", second: b"second file . \n"}, {"all": (1, 1)})
    examples = corpus.read("all")
    assert examples.texts == ("first file .", "second file .")
    assert examples.labels["label"].tolist() == labels


def test_pins_are_those_of_the_true_rows(corpus: Any) -> None:
    assert corpus.corpus.card.pins["all"] == pin_of(corpus.truth["all"], (3, 2))
    assert corpus.corpus.card.pins["all"].ascii


@pytest.mark.parametrize(
    ("name", "rows", "positive", "distinct", "blank"),
    [
        ("mr", 10_662, 5_331, 10_662, 0),
        ("cr", 3_775, 2_407, None, 4),
        ("subj", 10_000, 5_000, 10_000, 0),
        ("mpqa", 10_606, 3_312, 10_606 - 2_365, 3),
    ],
)
def test_published(published: Library, name: str, rows: int, positive: int, distinct: int | None, blank: int) -> None:
    examples = published.load(name, "all")
    labels = np.asarray(examples.labels["label"])
    assert len(examples) == rows
    assert int(labels.sum()) == positive
    assert (np.diff(labels) <= 0).all()
    assert sum(not text for text in examples.texts) == blank
    assert all(text == " ".join(text.split()) for text in examples.texts)
    if distinct is not None:
        folded = {" ".join(text.lower().split()) for text in examples.texts}
        assert len(folded) == distinct


def test_published_codes_of_cat_v_are_kept(published: Library) -> None:
    assert sum("M-" in text for text in published.load("mr", "all").texts) == 202
    assert sum("M-" in text for text in published.load("subj", "all").texts) == 113
    assert any("clichM-i" in text for text in published.load("mr", "all").texts)


def test_published_overlap_of_labels_in_mpqa_and_cr(published: Library) -> None:
    for name, both in (("mpqa", 99), ("cr", 1)):
        examples = published.load(name, "all")
        sides = [
            {t.lower() for t, label in zip(examples.texts, examples.labels["label"], strict=True) if label == side}
            for side in (0, 1)
        ]
        assert len(sides[0] & sides[1]) == both
        assert "" in sides[0] & sides[1]


def test_published_raw_mr_is_enough(published: Library, tmp_path: Path) -> None:
    assert published.data_dir is not None
    raw = published.data_dir / "mr-raw"
    if not raw.is_dir():
        pytest.skip("the raw MR files are not there")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mr-raw").symlink_to(raw)
    library = Library(tmp_path / "data", tmp_path / "cache", offline=True)
    assert library.load("mr", "all").fingerprint == published.load("mr", "all").fingerprint
