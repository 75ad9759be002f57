"""Cross-corpus transfer: a valence-arousal probe of one corpus, tested on another.

From EmoBank's training split to all Facebook posts and all EmoTales sentences, and from each of those back to EmoBank's
test split. A probe that learned what a corpus is about, and not what a text expresses, falls here. Labels of both
corpora are scaled to [−1, 1] by equation (12) of the CARL paper with the ends of each annotation scale, so that 1 to 5
and 1 to 9 mean the same; correlations do not depend on it, errors do.

Two probes under two names: `least-squares-from-…`, the probe of `valence-arousal`, and `ridge-from-…`, whose penalty is
chosen by ten folds of the source. With EmoTales' 1,395 rows and 768 dimensions the first has hardly two rows for
a weight: read the second there. EmoBank with Affective Text is left out: EmoBank contains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.tasks.base import Metric, Outcome, Prepared, PreparedTask, Task, TaskFacts, combined_fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

    Floats = NDArray[np.float64]

_NUMBERS = ("pearson", "spearman", "mae", "ccc", "r2")
_DIMENSIONS = ("valence", "arousal", "dominance")

#: Penalties of the ridge, in shares of the features' mean variance times the rows: free of the vectors' scale.
PENALTIES = tuple(10.0**power for power in range(-8, 4))
FOLDS = 10
FOLD_SEED = 1111


@dataclass(frozen=True, kw_only=True)
class Transfer(TaskFacts):
    """One source, one target, one probe."""

    source_corpus: str
    dimensions: tuple[str, ...]
    probe: Literal["least-squares", "ridge"]

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load source and target; see `Task.prepare`."""
        source = library.load(self.source_corpus, _split(self.source_corpus, "train"))
        target = library.load(self.corpus, _split(self.corpus, "test"))
        first = len(source)
        train, gold = (_scaled(examples, self.dimensions) for examples in (source, target))

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            import numpy as np

            from harness.statistics import regression_metrics

            X, asked = embeddings[:first], embeddings[first:]
            predicted, details = _ridge(X, train, asked) if self.probe == "ridge" else _least_squares(X, train, asked)
            details["interval"] = "bootstrap over rows" if target.groups is None else "bootstrap over documents"
            metrics: dict[str, Metric] = {}
            predictions: dict[str, NDArray[np.generic]] = {}
            for column, dimension in enumerate(self.dimensions):
                numbers = regression_metrics(gold[:, column], predicted[:, column], target.groups)
                metrics |= {f"{dimension}.{name}": metric for name, metric in numbers.items()}
                predictions[f"{dimension}.gold"] = gold[:, column].astype(np.float32)
                predictions[f"{dimension}.predicted"] = predicted[:, column].astype(np.float32)
            if target.groups is not None:
                predictions["group"] = np.unique(target.groups, return_inverse=True)[1].astype(np.int32)
            counts = {"train": first, "test": len(target)}
            return Outcome(metrics=metrics, details=details, predictions=predictions, counts=counts)

        return PreparedTask(
            texts=(*source.texts, *target.texts),
            fingerprint=combined_fingerprint(self.protocol, ",".join(self.dimensions), source, target),
            score=score,
            scored=len(target),
        )


def _split(corpus: str, wanted: str) -> str:
    return wanted if corpus == "emobank" else "all"


def _scaled(examples: Examples, dimensions: tuple[str, ...]) -> Floats:
    """Labels (n, dimensions) in [−1, 1] from the ends of the annotation scale."""
    import numpy as np

    columns = []
    for dimension in dimensions:
        low, high = examples.scales[dimension]
        columns.append(2 * (np.asarray(examples.labels[dimension], dtype=np.float64) - low) / (high - low) - 1)
    return np.stack(columns, axis=1)


def _least_squares(X: NDArray[np.float32], Y: Floats, asked: NDArray[np.float32]) -> tuple[Floats, dict[str, Any]]:
    from harness.probes.least_squares import least_squares

    fit = least_squares(X, Y)
    return fit.predict(asked), {"probe": "ordinary least squares with intercept", "rank": fit.rank}


def _ridge(X: NDArray[np.float32], Y: Floats, asked: NDArray[np.float32]) -> tuple[Floats, dict[str, Any]]:
    """Predictions with the penalty whose mean squared error over folds of the source is least, for all dimensions."""
    import numpy as np
    from sklearn.model_selection import KFold

    from harness.probes.ridge import penalty_unit, ridge_cross_fit, ridge_path

    unit = penalty_unit(X)
    # Vectors that do not vary have no unit; any penalty then gives the mean.
    penalties = [share * (unit or 1.0) for share in PENALTIES]
    folds = [held for _, held in KFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(X)]
    errors = np.array([((own - Y) ** 2).mean() for own in ridge_cross_fit(X, Y, penalties, folds)])
    best = int(np.argmin(errors))
    path = ridge_path(X, Y, [penalties[best]])
    return path.predict(asked, 0), {
        "probe": "ridge",
        "penalty_share": PENALTIES[best],
        "source_errors": errors.tolist(),
    }


def _tasks(source: str, corpus: str, summary: str, dimensions: tuple[str, ...]) -> list[Task]:
    probes: tuple[Literal["least-squares", "ridge"], ...] = ("least-squares", "ridge")
    return [
        Transfer(
            name="transfer",
            corpus=corpus,
            protocol=f"{probe}-from-{source}/1",
            split=_split(corpus, "test"),
            metrics=tuple(f"{dimension}.{number}" for dimension in dimensions for number in _NUMBERS),
            suites=("extended",),
            summary=f"{summary}, {probe.replace('-', ' ')}",
            source="Son et al. 2025 (arXiv:2502.20613), equation (12) for the scales",
            corpora=(source, corpus),
            source_corpus=source,
            dimensions=dimensions,
            probe=probe,
        )
        for probe in probes
    ]


def variants() -> list[Task]:
    """The tasks of this family."""
    both = _DIMENSIONS[:2]
    return [
        *_tasks("emobank", "facebook", "EmoBank's probe on Facebook posts", both),
        *_tasks("emobank", "emotales", "EmoBank's probe on EmoTales", _DIMENSIONS),
        *_tasks("facebook", "emobank", "the Facebook posts' probe on EmoBank's test split", both),
        *_tasks("emotales", "emobank", "EmoTales' probe on EmoBank's test split", _DIMENSIONS),
    ]
