"""IMDB: film reviews with clear polarity (Maas et al. 2011).

Read from parquet files (`text`, `label`) or from the authors' unpacked archive; both give the same rows:
negative reviews first, each half in the order of the review numbers in the archive's file names.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import Recipe, first_present
from harness.errors import BenchError

_PARQUET = {
    "train": Source(
        path="imdb/train.parquet",
        sha256="77edba138f1a0c0d89c876e6fa672b7840925d25f8b3c79fdf3653bbb303bf3c",
        size=10_637_210,
    ),
    "test": Source(
        path="imdb/test.parquet",
        sha256="e5fee737f2006812ee9e51cbc6110eaeb7fa98dba9dcfb1e374585ab67bbb96a",
        size=10_386_047,
    ),
}
_ARCHIVE = Source(
    path="aclImdb_v1.tar.gz",
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    size=84_125_825,
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
)
#: The unpacked archive: a folder, so it has no checksum of its own.
_TREES = tuple(Source(path=path, sha256="", size=0) for path in ("aclImdb", "imdb/aclImdb"))
_FOLDERS = ("neg", "pos")
_NAME = re.compile(r"(\d+)_(\d+)\.txt")

CARD = PinnedCard(
    name="imdb",
    title="IMDB (film reviews)",
    rows={"train": 25_000, "test": 25_000},
    labels="label: 0 negative (ratings 1 to 4), 1 positive (ratings 7 to 10), half each",
    licence="none stated",
    citation="Maas et al., ACL 2011",
    homepage="https://ai.stanford.edu/~amaas/data/sentiment/",
    sources=(*_PARQUET.values(), _ARCHIVE),
    forms=(tuple(_PARQUET.values()), *((tree,) for tree in _TREES), (_ARCHIVE,)),
    pins={
        "train": Pin(
            rows=(25_000,),
            fingerprint="2cf4875aea547e4800f4c6865dfdef89",
            unordered="3d683647fc91f2d1de10f2861e7cb2fd",
            blocks=(
                "04a1259ee8953ef5826abe35511fbca4ae0cac2e9dc06bd7d73878627eebc7a197b31c33e1b07e2c"
                "da7746d0aaecbaafd9c1aba6462548baab24409b005345951b2503a73aa7f4cfaecc2ac64433673d"
                "1c715f2fa17af7f559a5c93960727b478dac774c"
            ),
            varying=(2, 9, 12_500, 12_507),
            ordered="1f307ca41a289b3e4a1f77ad49699f53",
        ),
        "test": Pin(
            rows=(25_000,),
            fingerprint="70f46d2f7b0c79c0cadd19e9fabb20e7",
            unordered="cce3e678878170cf0db84751d94f8299",
            blocks=(
                "050b832db3913a79f36a061eac5c97bd0e880a32881ce46025eb5f27fc0de53802950ee52c961a8b"
                "9c91bd73fa788cdea857b838b726027ec6829eb979e420b0ff2e09d9e6c8e57e8303ab035b0ee12d"
                "f0212f6b0552b2f1feefdb76009d9f169225820c"
            ),
            varying=(12_500, 12_502, 12_507, 12_509),
            ordered="16edd941900607dafacdd072397a9838",
        ),
    },
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

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """How the parquet files are made from the authors' archive."""
        return {
            source.path: Recipe(_ARCHIVE, partial(parquet_from_archive, split=split), exact=False)
            for split, source in _PARQUET.items()
        }

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`.

        Raises:
            DataMissing: neither the parquet file nor the unpacked archive is there.
            DataInvalid: it does not hold the published reviews.
        """
        import numpy as np

        require_split(self.card, split)
        source, path = first_present(files, _PARQUET[split], *_TREES)
        file = SourceFile(self.card, source, path)
        if source in _TREES:
            rows = list(_ordered(_from_tree(file, split)))
            places: list[int | str] = [f"{split}/{name}" for name, _, _ in rows]
            texts = [text for _, text, _ in rows]
            labels = [label for _, _, label in rows]
            unit = "file"
        else:
            texts, labels = _from_parquet(file)
            places = list(range(1, len(texts) + 1))
            unit = "row"
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=("negative", "positive"),
        )
        return check(examples, split, self.card, [Part(file, places, unit)])


def _from_parquet(file: SourceFile) -> tuple[list[str], list[int]]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(file.content()))
        columns = {name: table.column(name).to_pylist() for name in ("text", "label") if name in table.column_names}
    except BenchError:
        raise
    except Exception as error:  # the library raises many kinds, all of which mean the file
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise file.fault(f"not a parquet file, or a damaged one ({reason})") from error
    for name in ("text", "label"):
        if name not in table.column_names:
            raise file.fault(f"expected columns text and label, found {', '.join(table.column_names)}", column=name)
    texts: list[Any] = columns["text"]
    labels: list[Any] = columns["label"]
    for row, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        if not isinstance(text, str):
            raise file.fault(f"row {row}: expected a text, found {str(text)[:40]!r}", column="text")
        if label not in (0, 1):
            raise file.fault(f"row {row}: expected 0 or 1, found {str(label)[:40]!r}", column="label")
    return texts, labels


def _from_tree(file: SourceFile, split: str) -> Iterator[tuple[str, bytes]]:
    """Names (`neg/0_3.txt`) and contents of a split's reviews, in any order."""
    for folder in _FOLDERS:
        directory = file.path / split / folder
        if not directory.is_dir():
            raise file.fault(f"{directory} is not there: unpack the whole archive")
        for path in directory.iterdir():
            if path.suffix == ".txt":
                yield f"{folder}/{path.name}", path.read_bytes()


def _from_archive(raw: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a split's reviews in the authors' archive."""
    import tarfile

    prefixes = tuple(f"aclImdb/{split}/{folder}/" for folder in _FOLDERS)
    with tarfile.open(raw, "r|gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name.startswith(prefixes) and name.count("/") == 3 and member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                yield name.split("/", 2)[2], content.read()


def _ordered(reviews: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str, int]]:
    """Names, texts and labels: negative reviews first, then by number."""

    def key(review: tuple[str, bytes]) -> tuple[int, int, str]:
        folder, name = review[0].split("/")
        match = _NAME.fullmatch(name)
        return _FOLDERS.index(folder), int(match[1]) if match else -1, name

    for name, content in sorted(reviews, key=key):
        # A wrong byte becomes U+FFFD here, and the content check names the file.
        yield name, content.decode("utf-8", "replace"), _FOLDERS.index(name.split("/")[0])


def parquet_from_archive(raw: Path, split: str) -> bytes:
    """Pack one split of the authors' archive into a parquet file.

    Args:
        raw: `aclImdb_v1.tar.gz`.
        split: `train` or `test`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(_ordered(_from_archive(raw, split)))
    table = pa.table(
        {
            "text": pa.array([text for _, text, _ in rows], pa.string()),
            "label": pa.array([label for _, _, label in rows], pa.int8()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
