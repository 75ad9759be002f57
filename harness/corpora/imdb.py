"""IMDB: film reviews with clear polarity (Maas et al. 2011).

Read from parquet files (`text`, `label`) or from the authors' archive, packed or unpacked; all give the same rows:
negative reviews first, each half in the order of the review numbers in the archive's file names.
"""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Source, row_ids, sources
from harness.corpora.files import Files

_PARQUET = sources(
    *("imdb/", None),
    ("train.parquet", "77edba138f1a0c0d89c876e6fa672b7840925d25f8b3c79fdf3653bbb303bf3c", 10_637_210),
    ("test.parquet", "e5fee737f2006812ee9e51cbc6110eaeb7fa98dba9dcfb1e374585ab67bbb96a", 10_386_047),
)
_ARCHIVE = Source(
    path="aclImdb_v1.tar.gz",
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    size=84_125_825,
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
)
_TREES = (Source(path="aclImdb"), Source(path="imdb/aclImdb"))
_FOLDERS = ("neg", "pos")
_NAME = re.compile(r"(neg|pos)/(\d+)_\d+\.txt")

#: Rows of which published copies differ (the card's notes say why), and the digest of the others.
_VARYING = {"train": (2, 9, 12_500, 12_507), "test": (12_500, 12_502, 12_507, 12_509)}
_OTHERS = {"train": "3b4275ad21aab792d88d036a28e65bac", "test": "aa240dd127f9d44c0057d251d2be8342"}

CARD = CorpusCard(
    name="imdb",
    title="IMDB (film reviews)",
    rows={"train": 25_000, "test": 25_000},
    labels="label: 0 negative (ratings 1 to 4), 1 positive (ratings 7 to 10), half each",
    licence="none stated",
    citation="Maas et al., ACL 2011",
    homepage="https://ai.stanford.edu/~amaas/data/sentiment/",
    sources=_PARQUET,
    others=((_TREES[0],), (_TREES[1],), (_ARCHIVE,)),
    aliases=("aclimdb", "acl-imdb", "imdb-reviews", "large-movie-review", "large-movie-review-dataset"),
    notes=(
        "Rows are sorted by label: shuffle before batching. `<br />` stays in the text. In the copy that "
        "the parquet files were made from, 8 of the 50,000 reviews had been overwritten with unrelated app "
        "reviews (train rows 2, 9, 12,500 and 12,507, test rows 12,500, 12,502, 12,507 and 12,509, from 0); "
        "the authors' archive has film reviews there. Both are accepted, every other row is pinned, and the "
        "corpus fingerprint in a result tells which was used."
    ),
)


class Imdb:
    """The two halves of the labelled reviews."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`."""
        path = files.path(_PARQUET[split == "test"], *_TREES, _ARCHIVE)
        texts, labels = _from_parquet(path) if path.suffix == ".parquet" else _from_reviews(path, split)
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=("negative", "positive"),
        )
        if len(examples) == self.card.rows[split] and _digest_of_others(examples, split) != _OTHERS[split]:
            raise ValueError("a review or a label was edited")
        return examples


def _digest_of_others(examples: Examples, split: str) -> str:
    texts = list(examples.texts)
    for row in _VARYING[split]:
        texts[row] = ""
    return replace(examples, texts=tuple(texts)).fingerprint


def _from_parquet(path: Path) -> tuple[list[str], list[int]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["text", "label"])
    return table.column("text").to_pylist(), table.column("label").to_pylist()


def _from_reviews(path: Path, split: str) -> tuple[list[str], list[int]]:
    """Texts and labels of the authors' archive, negative reviews first, then by number."""
    found = sorted(
        (_FOLDERS.index(match[1]), int(match[2]), content.decode("utf-8"))
        for name, content in (_tree(path, split) if path.is_dir() else _archive(path, split))
        if (match := _NAME.fullmatch(name))
    )
    return [text for _, _, text in found], [label for label, _, _ in found]


def _tree(path: Path, split: str) -> Iterator[tuple[str, bytes]]:
    for folder in _FOLDERS:
        for file in (path / split / folder).iterdir():
            yield f"{folder}/{file.name}", file.read_bytes()


def _archive(path: Path, split: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(f"aclImdb/{split}/"):
                file = archive.extractfile(member)
                assert file is not None, "a regular file"
                yield member.name.removeprefix(f"aclImdb/{split}/"), file.read()


CORPORA = (Imdb(),)
