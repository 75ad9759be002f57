"""EmoTales: sentences of 18 folk tales rated by 6 to 14 raters (Francisco et al. 2012)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Files, Source
from harness.corpora.reading import number_between, read_records, read_text

_JSON = Source(
    path="emotales/emotales_data.json",
    sha256="b6475d6fb22aeb976a68e447a21e83fb40aaeeafc892876d4fcce693cf53cbd2",
    size=1_476_832,
    url=(
        "https://raw.githubusercontent.com/centre-for-humanities-computing/DA_literary_SA/"
        "dace775706ddcd0cccf3a682e9f05f348cec03e7/data/EmoTales_w_features.json"
    ),
)
_MEANS = Source(
    path="emotales/emotales_means.csv",
    sha256="123704c845c3c11b26065ae96e3ff46808ffce606f5ef168dedbdf4e8a017bca",
    size=146_963,
)
_HEADER = ("tale", "text", "valence", "activation", "power", "n_annotators")
_RATERS = 14
#: Label → suffix of the raters' columns; the corpus calls arousal activation and dominance power.
_SUFFIXES = {"valence": "", "arousal": "_ACT", "dominance": "_POW"}
_SCALE = (1.0, 9.0)

CARD = CorpusCard(
    name="emotales",
    title="EmoTales",
    rows={"all": 1_395},
    labels="valence, arousal (activation), dominance (power): mean of 6 to 14 raters, integers 1 to 9 each",
    licence="none stated",
    citation="Francisco, Hervás, Peinado and Gervás, Language Resources and Evaluation 2012",
    homepage="https://github.com/centre-for-humanities-computing/DA_literary_SA",
    sources=(_JSON,),
    others=((_MEANS,),),
    checksums={"all": "52dbb7cdc1ff2fee377101b74a4cacae"},
    aliases=("emo-tales",),
    characters=62,
    notes=(
        "The means are taken from the raters' columns: the published columns HUMAN, avg_action and "
        "avg_power are wrong (they repeat by position over the tales; r = 0.10 with the true means). Three "
        "of the 1,398 sentences have no rater and are left out. Titles count as sentences. Groups are the "
        "18 tales; the corpus has no fixed split. Where only the derived means are there, `raters` is None."
    ),
)


#: (place in the file, tale, text, marks of the raters of each label; or one "mark" each, the mean).
_Row = tuple[int, str, str, list[list[float]]]


class EmoTales:
    """The third party's JSON file, or the means derived from it."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read all sentences that have raters (`all`)."""
        path = files.path(_JSON, _MEANS)
        rows = list(_ratings(path) if path.suffix == ".json" else _means(path))
        marks = np.array([row[3] for row in rows])  # (n, labels, raters)
        means = [[sum(given) / len(given) for given in ([m for m in own if m == m] for own in row[3])] for row in rows]
        return Examples(
            texts=tuple(text for _, _, text, _ in rows),
            ids=tuple(f"{tale}-{place}" for place, tale, _, _ in rows),
            labels={name: np.array([row[i] for row in means]) for i, name in enumerate(_SUFFIXES)},
            groups=tuple(tale for _, tale, _, _ in rows),
            scales=dict.fromkeys(_SUFFIXES, _SCALE),
            raters={name: marks[:, i] for i, name in enumerate(_SUFFIXES)} if marks.shape[2] > 1 else None,
        )


def _ratings(path: Path) -> Iterator[_Row]:
    """Rows of the raters' columns: column → record key → value, NaN where a rater did not rate the record."""
    table = json.loads(read_text(path))
    columns = [[table[f"ANNOTATOR_{i}{suffix}"] for i in range(1, _RATERS + 1)] for suffix in _SUFFIXES.values()]
    for place, (key, text) in enumerate(table["SENTENCE"].items()):
        marks = [[float("nan") if (mark := rater.get(key)) is None else float(mark) for rater in c] for c in columns]
        if all(any(mark == mark for mark in own) for own in marks):
            yield place, table["ID"][key], text, marks


def _means(path: Path) -> Iterator[_Row]:
    """Undo the rounding of the derived file: a mean of n integers is a multiple of 1/n."""
    for place, (tale, text, *values, raters) in enumerate(read_records(path, _HEADER)):
        if n := int(raters):
            yield place, tale, text, [[round(number_between(value, *_SCALE) * n) / n] for value in values]


CORPORA = (EmoTales(),)
