from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.corpora.imdb import Imdb, parquet_from_archive
from harness.corpora.shelves import Library
from harness.corpora.sources import CorpusFiles, Recipe
from harness.errors import DataInvalid, DataMissing

NAME = "imdb/train.parquet"
REVIEWS = {
    "neg/0_3.txt": "Dull.<br /><br />Very dull.",
    "neg/2_1.txt": "I left after ten minutes…",
    "neg/10_4.txt": "Café scenes, and nothing else.",
    "pos/0_9.txt": "A joy\x85",
    "pos/7_7.txt": "I would see it again.",
}


def parquet(texts: list[Any], labels: list[Any], **types: Any) -> bytes:
    buffer = io.BytesIO()
    table = pa.table(
        {"text": pa.array(texts, types.get("text")), "label": pa.array(labels, types.get("label", pa.int8()))}
    )
    pq.write_table(table, buffer)
    return buffer.getvalue()


TEXTS, LABELS = list(REVIEWS.values()), [0, 0, 0, 1, 1]


@pytest.fixture
def corpus(tiny: Callable[..., Any]) -> Any:
    return tiny(Imdb, {NAME: parquet(TEXTS, LABELS)}, {"train": (5,)})


def plant(root: Path, reviews: dict[str, str] = REVIEWS) -> None:
    for name, text in reviews.items():
        path = root / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (root / "train" / "urls_neg.txt").write_text("no review")


def test_parquet(corpus: Any) -> None:
    examples = corpus.read("train")
    assert examples.texts == tuple(TEXTS)
    assert examples.labels["label"].tolist() == LABELS
    assert examples.labels["label"].dtype == np.int64
    assert examples.classes == ("negative", "positive")


@pytest.mark.parametrize("folder", ["aclImdb", "imdb/aclImdb"])
def test_the_unpacked_archive_is_the_same_data(corpus: Any, folder: str) -> None:
    corpus.path(NAME).unlink()
    plant(corpus.path(folder))
    assert corpus.read("train").fingerprint == corpus.truth["train"].fingerprint


def test_reviews_are_ordered_by_number_not_by_name(corpus: Any) -> None:
    corpus.path(NAME).unlink()
    plant(corpus.path("aclImdb"))
    assert sorted(REVIEWS)[:2] == ["neg/0_3.txt", "neg/10_4.txt"]
    assert corpus.read("train").texts[1] == REVIEWS["neg/2_1.txt"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("neg/2_1.txt", "Another review.", "between file train/neg/0_3.txt and file train/pos/7_7.txt"),
        ("neg/2_1.txt", None, "expected 5 rows of imdb/train, found 4: 1 missing"),
        ("neg/11_2.txt", "One more.", "1 too many"),
    ],
)
def test_faults_in_the_tree_name_files(corpus: Any, name: str, content: str | None, message: str) -> None:
    corpus.path(NAME).unlink()
    plant(corpus.path("aclImdb"))
    path = corpus.path("aclImdb") / "train" / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(DataInvalid, match=message):
        corpus.read("train")


def test_a_mis_encoded_review_is_named(corpus: Any) -> None:
    corpus.path(NAME).unlink()
    plant(corpus.path("aclImdb"))
    (corpus.path("aclImdb") / "train" / "neg" / "10_4.txt").write_bytes(REVIEWS["neg/10_4.txt"].encode("latin-1"))
    with pytest.raises(DataInvalid, match=r"file train/neg/10_4\.txt is mis-encoded"):
        corpus.read("train")


def test_half_an_archive_is_refused(corpus: Any) -> None:
    corpus.path(NAME).unlink()
    plant(corpus.path("aclImdb"), {"neg/0_3.txt": "only this"})
    with pytest.raises(DataInvalid, match="pos is not there: unpack the whole archive"):
        corpus.read("train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 but not really", "not a parquet file, or a damaged one"),
        (b"", "not a parquet file"),
        (parquet(TEXTS, [0, 0, 2, 1, 1]), "column label: row 3: expected 0 or 1, found '2'"),
        (parquet([*TEXTS[:4], None], LABELS), "column text: row 5: expected a text, found 'None'"),
        (parquet(TEXTS[:4], LABELS[:4]), "expected 5 rows of imdb/train, found 4"),
        (parquet([*TEXTS[1:3], TEXTS[0], *TEXTS[3:]], LABELS), "the right rows of train in another order"),
        (parquet([TEXTS[0].upper(), *TEXTS[1:]], LABELS), "between row 1 and row 5"),
    ],
)
def test_faults_in_the_parquet_file_are_named(corpus: Any, content: bytes, message: str) -> None:
    corpus.edit(NAME, lambda raw: content)
    with pytest.raises(DataInvalid, match=message):
        corpus.read("train")


def test_missing_columns_are_named(corpus: Any) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"review": ["a"]}), buffer)
    corpus.edit(NAME, lambda raw: buffer.getvalue())
    with pytest.raises(DataInvalid, match="expected columns text and label, found review"):
        corpus.read("train")


def test_other_integer_types_are_the_same_data(corpus: Any) -> None:
    corpus.edit(NAME, lambda raw: parquet(TEXTS, LABELS, label=pa.int64(), text=pa.large_string()))
    assert corpus.read("train").fingerprint == corpus.truth["train"].fingerprint


def test_the_authors_review_is_accepted_where_a_copy_has_another(tiny: Callable[..., Any]) -> None:
    corpus = tiny(Imdb, {NAME: parquet(TEXTS, LABELS)}, {"train": (5,)}, {"train": (1, 3)})
    corpus.path(NAME).unlink()
    plant(corpus.path("aclImdb"), REVIEWS | {"neg/2_1.txt": "the true one", "pos/0_9.txt": "true as well"})
    assert corpus.read("train").texts[1] == "the true one"
    plant(corpus.path("aclImdb"), {"neg/0_3.txt": "not this one"})
    with pytest.raises(DataInvalid, match="differs from the published one"):
        corpus.read("train")


def test_nothing_at_all_names_every_form(corpus: Any) -> None:
    corpus.path(NAME).unlink()
    with pytest.raises(DataMissing, match=r"imdb/train\.parquet is not in .*aclImdb, imdb/aclImdb would also do"):
        corpus.read("train")


def test_the_archive_is_packed_once(corpus: Any, tmp_path: Path) -> None:
    corpus.path(NAME).unlink()
    archive = tmp_path / "data" / "small.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        members = {f"train/{name}": text for name, text in reversed(REVIEWS.items())}
        for name, text in {**members, "train/unsup/0_0.txt": "unlabelled", "test/neg/0_1.txt": "other"}.items():
            info = tarfile.TarInfo(f"aclImdb/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    recipe = Imdb().recipes[NAME]
    known = replace(recipe.raw, path="small.tar.gz", sha256=hashlib.sha256(archive.read_bytes()).hexdigest(), url=None)
    files = CorpusFiles(
        card=corpus.corpus.card,
        data_dir=tmp_path / "data",
        cache_dir=tmp_path / "cache",
        offline=True,
        recipes={NAME: Recipe(known, recipe.build, exact=False)},
    )
    assert corpus.corpus.read("train", files).fingerprint == corpus.truth["train"].fingerprint
    archive.unlink()
    assert corpus.corpus.read("train", files).fingerprint == corpus.truth["train"].fingerprint
    with pytest.raises(OSError, match="small"):
        parquet_from_archive(archive, "train")


def test_published(published: Library) -> None:
    for split, repeats in (("train", 96), ("test", 199)):
        examples = published.load("imdb", split)
        labels = np.asarray(examples.labels["label"])
        assert len(examples) == 25_000
        assert labels[:12_500].sum() == 0
        assert labels[12_500:].sum() == 12_500
        folded = [" ".join(text.lower().split()) for text in examples.texts]
        assert len(folded) - len(set(folded)) == repeats
    assert sum("<br" in t for split in ("train", "test") for t in published.load("imdb", split).texts) == 29_197


def test_published_copy_holds_eight_texts_that_are_no_reviews(published: Library) -> None:
    """They are the rows that the pins leave free."""
    card: Any = published.card("imdb")
    assert card.pins["train"].varying == (2, 9, 12_500, 12_507)
    assert card.pins["test"].varying == (12_500, 12_502, 12_507, 12_509)
    assert "app" in published.load("imdb", "train").texts[12_500].split()[1]
