"""EmoTales: sentences of 18 folk tales rated by 6 to 14 raters (Francisco et al. 2012)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.corpora.base import Examples, Files, Source
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split
from harness.corpora.sources import first_present

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

CARD = PinnedCard(
    name="emotales",
    title="EmoTales",
    rows={"all": 1_395},
    labels="valence, arousal (activation), dominance (power): mean of 6 to 14 raters, integers 1 to 9 each",
    licence="none stated",
    citation="Francisco, Hervás, Peinado and Gervás, Language Resources and Evaluation 2012",
    homepage="https://github.com/centre-for-humanities-computing/DA_literary_SA",
    sources=(_JSON, _MEANS),
    forms=((_JSON,), (_MEANS,)),
    pins={
        "all": Pin(
            rows=(1_395,),
            fingerprint="52dbb7cdc1ff2fee377101b74a4cacae",
            unordered="4fcfa1fe7e9407908b1b37b376f02a1b",
            blocks="6bb437e1cf16",
            ascii=True,
        ),
    },
    notes=(
        "The means are taken from the raters' columns: the published columns HUMAN, avg_action and "
        "avg_power are wrong (they repeat by position over the tales; r = 0.10 with the true means). Three "
        "of the 1,398 sentences have no rater and are left out. Titles count as sentences. Groups are the "
        "18 tales; the corpus has no fixed split."
    ),
)


class _Row(NamedTuple):
    place: int
    identity: str
    tale: str
    text: str
    means: tuple[float, ...]
    marks: tuple[tuple[float, ...], ...] = ()
    """Marks of the raters, NaN where one did not rate; () where only means are known."""


class EmoTales:
    """The third party's JSON file, or the means derived from it."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read all sentences that have raters (`all`).

        Raises:
            DataMissing: neither file is there.
            DataInvalid: it is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        source, path = first_present(files, _JSON, _MEANS)
        file = SourceFile(self.card, source, path)
        rows = list(_from_ratings(file) if source is _JSON else _from_means(file))
        columns = np.array([row.means for row in rows], dtype=np.float64).reshape(len(rows), len(_SUFFIXES)).T
        examples = Examples(
            texts=tuple(row.text for row in rows),
            ids=tuple(row.identity for row in rows),
            labels={name: column.copy() for name, column in zip(_SUFFIXES, columns, strict=True)},
            groups=tuple(row.tale for row in rows),
            scales=dict.fromkeys(_SUFFIXES, _SCALE),
            raters=(
                {name: np.array([row.marks[i] for row in rows]) for i, name in enumerate(_SUFFIXES)}
                if source is _JSON
                else None
            ),
        )
        unit = "record" if source is _JSON else "line"
        return check(examples, split, self.card, [Part(file, [row.place for row in rows], unit)])


def _from_ratings(file: SourceFile) -> Iterator[_Row]:
    """Average the raters' columns: column → record key → value."""
    table = file.json(file.text())
    if not isinstance(table, dict):
        raise file.fault("expected an object that maps column names to columns", line=1)

    def column(name: str) -> dict[str, Any]:
        values = table.get(name)
        if not isinstance(values, dict):
            raise file.fault("the column is not there", column=name)
        return values

    texts, tales = column("SENTENCE"), column("ID")
    raters = {
        label: {name: column(name) for name in (f"ANNOTATOR_{i}{suffix}" for i in range(1, _RATERS + 1))}
        for label, suffix in _SUFFIXES.items()
    }
    for place, (key, text) in enumerate(texts.items()):
        tale = tales.get(key)
        if not isinstance(text, str) or not isinstance(tale, str):
            raise file.fault(f"record {key!r} has no text or no tale", column="SENTENCE" if tale else "ID")
        marks = tuple(_marks(file, key, columns) for columns in raters.values())
        given = [[int(mark) for mark in row if mark == mark] for row in marks]
        if all(given):
            means = tuple(sum(row) / len(row) for row in given)
            yield _Row(place, f"{tale}-{place}", tale, text, means, marks)


def _marks(file: SourceFile, key: str, columns: dict[str, dict[str, Any]]) -> tuple[float, ...]:
    found = []
    for name, values in columns.items():
        value = values.get(key)
        if value is None or value != value:  # NaN: this rater did not rate the record
            value = float("nan")
        elif not isinstance(value, int | float) or value not in range(1, 10):
            raise file.fault(
                f"record {key!r}: expected an integer from 1 to 9 or NaN, found {str(value)[:40]!r}",
                column=name,
            )
        found.append(float(value))
    return tuple(found)


def _from_means(file: SourceFile) -> Iterator[_Row]:
    """Undo the rounding of the derived file: a mean of n integers is a multiple of 1/n."""
    for place, (line, fields) in enumerate(file.records(_HEADER)):
        tale, text, *values, raters = fields
        count = file.count(raters, line=line, column="n_annotators")
        if not count:
            continue
        means = []
        for value, name in zip(values, _HEADER[2:5], strict=True):
            rounded = file.number(value, *_SCALE, line=line, column=name)
            mean = round(rounded * count) / count
            if abs(mean - rounded) > 1e-6:
                raise file.fault(f"{value} is not a mean of {count} integers", line=line, column=name)
            means.append(mean)
        yield _Row(line, f"{tale}-{place}", tale, text, tuple(means))
