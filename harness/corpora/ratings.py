"""Human valence ratings of tweets, editorials, product reviews and film reviews (Hutto and Gilbert 2014).

The only affect data with a licence and raters' marks that a package index carries: the source distribution of
`vaderSentiment` 3.3.2 holds `hutto_ICWSM_2014.tar.gz`. Both archives are read in memory, member by member; nothing is
unpacked and no code of theirs runs.
"""

import html
import json
import re
import tarfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Source
from harness.corpora.files import Files

_ARCHIVE = Source(
    path="ratings/vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    size=2_466_783,
    url=(
        "https://files.pythonhosted.org/packages/77/8c/"
        "4a48c10a50f750ae565e341e697d74a38075a3e43ff0df6f1ab72e186902/vaderSentiment-3.3.2.tar.gz"
    ),
)
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_SCALE = (-4.0, 4.0)
_NOTES = (
    "HTML entities are decoded (`&amp;`), nothing else is changed. `raters` are the marks of every rater, at least "
    "{raters} a text, in no fixed order. Fetched from the package index on first use (2.5 MB)."
)


@lru_cache(maxsize=1)
def _members(path: Path) -> dict[str, str]:
    """File name → text of the ratings in the archive."""
    found = {}
    with tarfile.open(path) as outer, tarfile.open(fileobj=outer.extractfile(_INNER)) as archive:
        for member in archive:
            if member.name.endswith(("_GroundTruth.txt", "_anonDataRatings.txt")):
                file = archive.extractfile(member)
                assert file is not None, "a regular file"
                found[Path(member.name).name] = file.read().decode("utf-8-sig")
    return found


@dataclass(frozen=True)
class Ratings:
    """One of the four collections."""

    card: CorpusCard
    stem: str
    """Beginning of the names of its two files."""
    documents: bool = False
    """Whether ids are `document_sentence`."""

    def read(self, split: str, files: Files) -> Examples:
        """Read all texts (`all`)."""
        members = _members(files.path(_ARCHIVE))
        rows = [line.split("\t") for line in members[f"{self.stem}_GroundTruth.txt"].splitlines()]
        marks = {
            identity: json.loads(values)
            for identity, _, _, values in (
                line.split("\t") for line in members[f"{self.stem}_anonDataRatings.txt"].splitlines()
            )
        }
        raters = np.full((len(rows), max(map(len, marks.values()))), np.nan)
        for row, (identity, *_) in enumerate(rows):
            raters[row, : len(marks[identity])] = marks[identity]
        texts = tuple(html.unescape(text) for _, _, text in rows)
        ids = tuple(identity for identity, *_ in rows)
        return Examples(
            texts=texts,
            ids=ids,
            labels={"valence": np.array([float(mean) for _, mean, _ in rows])},
            groups=tuple(i.partition("_")[0] for i in ids) if self.documents else _repeats(texts, ids),
            scales={"valence": _SCALE},
            raters={"valence": raters},
        )


def _repeats(texts: tuple[str, ...], ids: tuple[str, ...]) -> tuple[str, ...]:
    """A group for each text, shared by those that are equal by letters and digits."""
    first: dict[str, str] = {}
    return tuple(
        first.setdefault(re.sub("[^a-z0-9]", "", text.lower()) or text, identity)
        for text, identity in zip(texts, ids, strict=True)
    )


#: What the four collections have in common.
_CARD = CorpusCard(
    name="ratings",
    title="Valence ratings",
    rows={},
    labels="valence: mean of the raters, integers -4 to 4 each",
    licence="MIT",
    citation="Hutto and Gilbert, ICWSM 2014",
    homepage="https://github.com/cjhutto/vaderSentiment",
    sources=(_ARCHIVE,),
)

CORPORA = (
    Ratings(
        replace(
            _CARD,
            name="ratings-tweets",
            title="Valence ratings of tweets",
            rows={"all": 4_200},
            checksums={"all": "0297682bcab30ae305bf6d98ae642d5e"},
            notes="4,000 tweets and 200 made-up ones. Texts that repeat share a group. The published mean of 196 "
            "tweets differs from that of their marks, by up to 1.13; the published one is the label. "
            f"{_NOTES.format(raters=20)}",
        ),
        "tweets",
    ),
    Ratings(
        replace(
            _CARD,
            name="ratings-editorials",
            title="Valence ratings of sentences of newspaper editorials",
            rows={"all": 5_190},
            checksums={"all": "5d6d581816e0cfb5f1713d25e6f8c8a1"},
            notes=f"Groups are the 498 editorials. {_NOTES.format(raters=20)}",
            aliases=("nyt-editorial-snippets", "nyteditorialsnippets"),
        ),
        "nytEditorialSnippets",
        documents=True,
    ),
    Ratings(
        replace(
            _CARD,
            name="ratings-products",
            title="Valence ratings of sentences of product reviews",
            rows={"all": 3_708},
            checksums={"all": "9b5fbe717f0c4cf7df1a0900f77bda4d"},
            notes="Groups are the 300 reviews. CR is made of the same reviews and holds 1,308 of the sentences. "
            f"{_NOTES.format(raters=20)}",
            aliases=("amazon-review-snippets", "amazonreviewsnippets"),
        ),
        "amazonReviewSnippets",
        documents=True,
    ),
    Ratings(
        replace(
            _CARD,
            name="ratings-films",
            title="Valence ratings of sentences of film reviews",
            rows={"all": 10_605},
            checksums={"all": "cc8927a14b86b1dea0b2f06af4fb3991"},
            notes="MR's sentences: 10,444 stand in it, 9,516 in SST. Texts that repeat share a group. "
            f"{_NOTES.format(raters=15)}",
            aliases=("movie-review-snippets", "moviereviewsnippets"),
        ),
        "movieReviewSnippets",
    ),
)
