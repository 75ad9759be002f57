"""The nested probe against SentEval's scikit-learn mode, on the same folds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.perf.machine import limited_to
from harness.perf.material import Material
from harness.perf.rows import Row, measured
from harness.perf.settings import Settings
from harness.perf.timing import Spread, interleave, ratio
from harness.registry import load_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.probes.logistic import Nested

#: The toolkit's grid and the seed of its folds (`senteval/tools/validation.py`).
STRENGTHS = tuple(2.0**power for power in range(-2, 4))
SEED = 1111

_DIMENSIONS = {"probe-384": 384, "probe-768": 768, "agree-384": 384, "agree-768": 768}

#: Tolerance at which scikit-learn's decisions are final.
_TIGHT = 1e-8


@dataclass(frozen=True)
class Folds:
    """The official nested folds: held-out rows, and for each outer fold its inner ones among its training rows."""

    outer: list[NDArray[np.int64]]
    inner: list[list[NDArray[np.int64]]]

    @classmethod
    def of(cls, labels: NDArray[np.int64], count: int) -> Folds:
        """Shuffled, stratified folds, inner as outer."""
        import numpy as np
        from sklearn.model_selection import StratifiedKFold

        splitter = StratifiedKFold(count, shuffle=True, random_state=SEED)
        outer, inner = [], []
        for train, held in splitter.split(np.zeros((len(labels), 1)), labels):
            outer.append(held.astype(np.int64))
            parts = splitter.split(np.zeros((len(train), 1)), labels[train])
            inner.append([part.astype(np.int64) for _, part in parts])
        return cls(outer, inner)


def probe_rows(wanted: Sequence[str], material: Material, settings: Settings) -> list[Row]:
    """Measure the rows of the groups `probes` and `agreement` that are wanted.

    The features are the vectors of MiniLM: 384 dimensions are the first token, 768 the first token beside the mean.

    Raises:
        ExtraMissing: the weights are not on this machine.
    """
    import numpy as np

    part = material.at_most(settings.rows)
    first, mean = (load_encoder(f"minilm@{pooling}", device="cpu").encode(part.texts) for pooling in ("cls", "mean"))
    features = {384: first, 768: np.concatenate([first, mean], axis=1)}
    folds = Folds.of(part.labels, settings.folds)
    rows = []
    with limited_to(settings.threads):
        for key in wanted:
            X = features[_DIMENSIONS[key]]
            measure = _speed if key.startswith("probe") else _agreement
            rows.append(measure(key, X, part, folds, settings))
    return rows


def _speed(key: str, X: NDArray[np.float32], part: Material, folds: Folds, settings: Settings) -> Row:
    found: dict[str, Any] = {}

    def ours() -> None:
        found["ours"] = _ours(X, part.labels, folds)

    def theirs() -> None:
        found["theirs"] = official(X, part.labels, folds)

    # Minutes a round: one is enough beside the quick ones of the other rows.
    samples = interleave({"ours": ours, "theirs": theirs}, settings.suite_rounds, warm=False)
    times = {name: sample.times(settings.clock) for name, sample in samples.items()}
    accuracies = [100 * float((p == part.labels).mean()) for p in (_decided(found["ours"]), found["theirs"])]
    return measured(
        key,
        ratio(times["theirs"], times["ours"]),
        settings.suite_rounds,
        detail=f"{part.name}: {times['ours'][0]:.1f} s against {times['theirs'][0]:.0f} s; accuracy "
        f"{accuracies[0]:.2f}, scikit-learn's at its own tolerance {accuracies[1]:.2f}",
        facts={**_facts(X, part, settings, found["ours"]), "seconds": times, "accuracies": accuracies},
    )


def _agreement(key: str, X: NDArray[np.float32], part: Material, folds: Folds, settings: Settings) -> Row:
    nested = _ours(X, part.labels, folds)
    theirs = official(X, part.labels, folds, tolerance=_TIGHT)
    ours = _decided(nested)
    by_fold = [int((ours[held] != theirs[held]).sum()) for held in folds.outer]
    return measured(
        key,
        Spread(float(sum(by_fold)), float(min(by_fold)), float(max(by_fold))),
        1,
        detail=f"{part.name}: of {len(ours):,} in {len(by_fold)} folds",
        facts={**_facts(X, part, settings, nested), "differing": by_fold},
    )


def _ours(X: NDArray[np.float32], y: NDArray[np.int64], folds: Folds) -> Nested:
    from harness.probes.logistic import nested_cross_validation

    return nested_cross_validation(X, y, STRENGTHS, folds.outer, folds.inner)


def _decided(nested: Nested) -> NDArray[np.int64]:
    import numpy as np

    return (nested.logits > 0).astype(np.int64)


def official(
    X: NDArray[np.float32], y: NDArray[np.int64], folds: Folds, *, tolerance: float | None = None
) -> NDArray[np.int64]:
    """The toolkit's nested protocol with scikit-learn's classifier: class of each row by the fit that left it out.

    One thread, with which scikit-learn is quickest.

    Args:
        X: features (n, d).
        y: labels (n,).
        folds: the same as ours.
        tolerance: None takes scikit-learn's defaults, as the toolkit does; else fits are solved to it, by Newton's
            method, which gets there soonest.
    """
    from threadpoolctl import threadpool_limits

    # Its products are too small for more: two threads took seven times as long as one.
    with threadpool_limits(1):
        return _official(X, y, folds, tolerance)


def _official(X: NDArray[np.float32], y: NDArray[np.int64], folds: Folds, tolerance: float | None) -> NDArray[np.int64]:
    import numpy as np

    predicted = np.empty(len(y), dtype=np.int64)
    for held, parts in zip(folds.outer, folds.inner, strict=True):
        train = np.setdiff1d(np.arange(len(y)), held, assume_unique=True)
        scores: list[list[float]] = [[] for _ in STRENGTHS]
        for part in parts:
            rest = np.delete(train, part)
            fit = _fitter(X[rest], y[rest], tolerance)
            for place, strength in enumerate(STRENGTHS):
                scores[place].append(float(fit(strength).score(X[train[part]], y[train[part]])))
        means = [round(100 * float(np.mean(row)), 2) for row in scores]
        best = STRENGTHS[int(np.argmax(means))]
        predicted[held] = _fitter(X[train], y[train], tolerance)(best).predict(X[held])
    return predicted


def _fitter(X: NDArray[np.float32], y: NDArray[np.int64], tolerance: float | None) -> Callable[[float], Any]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    exact = LogisticRegression(solver="newton-cholesky", tol=tolerance or 0.0, max_iter=100, warm_start=True)
    wide = X.astype("float64") if tolerance is not None else X

    def fit(strength: float) -> Any:
        with warnings.catch_warnings():
            # At its defaults scikit-learn stops after 100 iterations, converged or not; so does the toolkit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            if tolerance is not None:
                return exact.set_params(C=strength).fit(wide, y)
            return LogisticRegression(C=strength, random_state=SEED).fit(X, y)

    return fit


def _facts(X: NDArray[np.float32], part: Material, settings: Settings, nested: Nested) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "material": part.name,
        "rows": len(X),
        "dimensions": X.shape[1],
        "folds": settings.folds,
        "strengths": STRENGTHS,
        "convergence": asdict(nested.convergence),
    }
