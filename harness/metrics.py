"""The numbers that tasks report: how tables print them, and pure functions of weighted rows.

Every metric exists once, in a form that takes a weight for each row and any number of weightings at a time: with
one weighting of ones it is the metric, with the counts of a bootstrap it is the metric of each resample
(`harness.statistics`). Weights have shape (draws, n), results (draws,), all in float64.

Edge cases follow scikit-learn: R² of constant labels is 1 where they are predicted exactly and otherwise 0; precision,
recall and F1 are 0 where undefined. Correlations with a constant or of one row, which scipy leaves undefined, are 0,
because a record holds a number.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Metric, by its name in the records or the last part of it → how tables print it (`percent`: 100 times the number),
#: which direction is better if any is, and the range of its values in the records.
STYLES: dict[str, dict[str, Any]] = {
    "pearson": {"label": "r", "higher_is_better": True, "low": -1, "high": 1},
    "spearman": {"label": "ρ", "higher_is_better": True, "low": -1, "high": 1},
    "ccc": {"label": "CCC", "higher_is_better": True, "low": -1, "high": 1},
    "ceiling": {"label": "ceiling", "low": -1, "high": 1},
    "mae": {"label": "MAE", "higher_is_better": False, "low": 0},
    "r2": {"label": "R²", "higher_is_better": True, "high": 1},
    "accuracy": {"label": "Acc.", "higher_is_better": True, "decimals": 2, "percent": True, "low": 0, "high": 1},
    "f1": {"label": "F1", "higher_is_better": True, "low": 0, "high": 1},
    "precision": {"label": "Prec.", "higher_is_better": True, "low": 0, "high": 1},
    "recall": {"label": "Recall", "higher_is_better": True, "low": 0, "high": 1},
    "alignment": {"label": "Align.", "higher_is_better": False, "decimals": 4, "low": 0, "high": 4},
    "uniformity": {"label": "Unif.", "higher_is_better": False, "decimals": 4, "low": -8, "high": 0},
    "separation": {"label": "Separ.", "higher_is_better": True, "high": 1},
    "effective_rank": {"label": "Eff.\nrank", "decimals": 1, "low": 0},
    "shift": {"label": "Shift", "higher_is_better": False, "low": 0},
}


def range_of(name: str) -> tuple[float, float]:
    """Least and largest value that a metric can take in a record; no measured number comes near ±1e15."""
    style = STYLES.get(name) or STYLES.get(name.rpartition(".")[2], {})
    return style.get("low", -1e15), style.get("high", 1e15)


#: Below this share of the values' mean square a variance is rounding noise of a constant.
_CONSTANT = 1e-24

#: Weights that are ranked at a time (512 kB).
_CACHED = 2**16


def _ratio(numerator: Floats, denominator: Floats, floor: float) -> Floats:
    """Quotient where the denominator is above the floor, else 0."""
    safe = denominator > floor
    return np.where(safe, numerator / np.where(safe, denominator, 1.0), 0.0)


def spearman(weights: Floats, gold: Floats, predicted: Floats) -> Floats:
    """Spearman's ρ: Pearson's r of mid-ranks, ranked anew under every weighting (counts of repeated rows)."""
    groups = [_Ties(gold), _Ties(predicted)]
    # A few weightings at a time, so that all that is made of them stays in the processor's cache.
    step = max(1, _CACHED // max(weights.shape[1], 1))
    found = []
    for start in range(0, len(weights), step):
        some = weights[start : start + step]
        g, p = (ties.ranks(some) for ties in groups)
        var_g, var_p, cov = (np.einsum("dn,dn,dn->d", some, a, b) for a, b in ((g, g), (p, p), (g, p)))
        found.append(np.clip(_ratio(cov, np.sqrt(var_g * var_p), 1e-9), -1.0, 1.0))
    return np.concatenate(found)


class _Ties:
    """The order of rows by a value, and which of them are equal.

    Args:
        values: what ranks the rows (n,).
    """

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        _, self._group, sizes = np.unique(values, return_inverse=True, return_counts=True)
        self._starts = np.cumsum(sizes) - sizes

    def ranks(self, weights: Floats) -> Floats:
        """Mid-ranks under weightings (draws, n), less their mean over the rows, which is half of all."""
        sizes = np.add.reduceat(np.take(weights, self._order, axis=1), self._starts, axis=1)
        ends = np.cumsum(sizes, axis=1)
        return np.take(ends - sizes / 2 - ends[:, -1:] / 2, self._group, axis=1)


#: What `regression` computes.
REGRESSION = ("pearson", "spearman", "mae", "ccc", "r2")


def regression(weights: Floats, gold: Floats, predicted: Floats, names: Collection[str]) -> dict[str, Floats]:
    """Some of the numbers of `REGRESSION`, (draws,) each; what they share is computed once.

    >>> import numpy as np
    >>> gold, predicted = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    >>> found = regression(np.ones((1, 3)), gold, predicted, ["pearson", "mae", "ccc"])
    >>> {name: float(value[0].round(3)) for name, value in found.items()}
    {'pearson': 1.0, 'mae': 1.0, 'ccc': 0.571}
    """
    # Centring by the unweighted means first keeps the differences of large sums exact enough.
    g, p, total = gold - gold.mean(), predicted - predicted.mean(), weights.sum(axis=1)
    mean_g, mean_p, square_g, square_p, product = (weights @ np.stack([g, p, g * g, p * p, g * p], axis=1)).T / total
    var_g, var_p = (np.maximum(square - mean**2, 0.0) for square, mean in ((square_g, mean_g), (square_p, mean_p)))
    cov, residual = product - mean_g * mean_p, weights @ (gold - predicted) ** 2 / total
    floor_g, floor_p = (_CONSTANT * np.mean(values**2) for values in (gold, predicted))
    r = np.clip(_ratio(cov, np.sqrt(var_g * var_p), 0.0), -1.0, 1.0)
    apart = (mean_g + gold.mean()) - (mean_p + predicted.mean())
    found = {
        "pearson": np.where((var_g > floor_g) & (var_p > floor_p), r, 0.0),
        "mae": weights @ np.abs(gold - predicted) / total,
        # Lin's concordance correlation (1989, Biometrics 45): agreement in place, spread and order.
        "ccc": _ratio(2 * cov, var_g + var_p + apart**2, 1e-24),
        # Constant labels: 1 where they are met exactly, else 0, as scikit-learn has it.
        "r2": np.where(var_g > floor_g, 1.0 - residual / np.where(var_g > floor_g, var_g, 1.0), residual <= floor_g),
    }
    return {name: spearman(weights, gold, predicted) if name == "spearman" else found[name] for name in names}


def confusion(weights: Floats, gold: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> Floats:
    """Confusion matrices, (draws, classes, classes): rows are gold classes, columns predicted ones."""
    cells = gold * classes + predicted
    sums = np.stack([np.bincount(cells, row, classes * classes) for row in weights])
    return sums.reshape(len(weights), classes, classes).astype(np.float64, copy=False)


def per_class(matrices: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Precision, recall, F1 and support of each class, (draws, classes) each; 0 where undefined."""
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    predicted, support = matrices.sum(axis=1), matrices.sum(axis=2)
    precision = _ratio(hits, predicted, 0.0)
    recall = _ratio(hits, support, 0.0)
    return precision, recall, _ratio(2 * hits, predicted + support, 0.0), support


#: What `classification` computes.
CLASSIFICATION = (
    "accuracy",
    *(f"{average}.{name}" for average in ("macro", "weighted") for name in ("f1", "precision", "recall")),
    "positive.f1",
)


def classification(matrices: Floats) -> dict[str, Floats]:
    """Accuracy, macro and support-weighted F1, precision and recall, and the second class's F1, (draws,) each.

    The macro average runs over the classes that have gold rows or predictions, as scikit-learn's does. Weighted
    recall equals accuracy by definition.
    """
    precision, recall, f1, support = per_class(matrices)
    present = (support + matrices.sum(axis=1)) > 0
    shares = support / support.sum(axis=1, keepdims=True)
    numbers = {"accuracy": np.asarray(np.trace(matrices, axis1=1, axis2=2) / matrices.sum(axis=(1, 2)))}
    for average, weights in (("macro", present / present.sum(axis=1, keepdims=True)), ("weighted", shares)):
        for name, values in (("f1", f1), ("precision", precision), ("recall", recall)):
            numbers[f"{average}.{name}"] = (values * weights).sum(axis=1)
    return {**numbers, "positive.f1": f1[:, 1]}
