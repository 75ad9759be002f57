"""The paper's suite without IMDB, written plainly: sentence-transformers, scikit-learn, SciPy, and loops.

What somebody writes who wants the numbers and has no harness: same corpora, splits, folds, grids and metrics, each
corpus encoded once, intervals by a loop over 1000 resamples. It is what `bench perf` measures the suite against, run as

    python -m harness.perf.plain_suite --suite paper --data-dir DATA --model DIR --output FILE
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.corpora.shelves import Library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Vectors = NDArray[np.float32]
    Encode = Callable[[str, Sequence[str]], Vectors]

#: Tasks of ours that have a counterpart here.
TASKS = {
    "paper": (
        "valence-arousal/emobank/official/1",
        "valence-arousal/emobank/document-grouped/1",
        "valence-arousal/facebook/kfold10/1",
        "valence-arousal/emotales/kfold10/1",
        "valence-arousal/pooled/pooled/1",
        "polarity/cr/senteval-lr/1",
        "polarity/mr/senteval-lr/1",
        "polarity/sst5/senteval-lr/1",
        "emotion/goemotions/ekman6-mapped/1",
        "geometry/goemotions/ekman6-mapped/1",
    ),
    "sample": (
        "valence-arousal/sample/official/1",
        "polarity/sample/senteval-lr/1",
        "emotion/sample/ekman6-single/1",
        "geometry/sample/ekman6-single/1",
    ),
}

_DRAWS = 1000
_SEED = 1111
_POLARITY_GRID = [2.0**power for power in range(-2, 4)]
_EMOTION_GRID = [2.0**power for power in range(-4, 7)]


def main() -> None:
    """Run the suite and write the first number of each task, and the seconds of scoring, as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--suite", choices=sorted(TASKS), required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    from sentence_transformers import SentenceTransformer

    full = SentenceTransformer(given.model, device="cpu", local_files_only=True)
    # Without the last module, which divides by the length: the vectors that ours are, too.
    model = SentenceTransformer(modules=list(full)[:2], device="cpu")
    encoded: dict[str, Any] = {}

    def encode(corpus: str, texts: Sequence[str]) -> Vectors:
        if corpus not in encoded:
            encoded[corpus] = model.encode(list(texts), show_progress_bar=False)
        vectors: Vectors = encoded[corpus]
        return vectors

    library = Library(given.data_dir, given.cache_dir, offline=True)
    numbers, seconds = run(given.suite, library, encode)
    given.output.write_text(json.dumps({"numbers": numbers, "scoring": seconds}))


def run(suite: str, library: Library, encode: Encode) -> tuple[dict[str, float], float]:
    """All tasks of a suite.

    Args:
        suite: a key of `TASKS`.
        library: the corpora.
        encode: from a corpus's name and texts to vectors.

    Returns:
        Task → its first number; and the seconds that were not spent on reading and encoding.
    """
    from threadpoolctl import threadpool_limits

    numbers: dict[str, float] = {}
    seconds = 0.0
    for task in TASKS[suite]:
        family, corpus, protocol = task.split("/", 2)
        score = {
            "valence-arousal": _valence_arousal,
            "polarity": _polarity,
            "emotion": _emotion,
            "geometry": _geometry,
        }[family](library, corpus, protocol, encode)
        start = time.perf_counter()
        # One thread is quickest for products as small as scikit-learn's: two took seven times as long.
        with threadpool_limits(1):
            numbers[task] = score()
        seconds += time.perf_counter() - start
    return numbers, seconds


def _valence_arousal(library: Library, corpus: str, protocol: str, encode: Encode) -> Callable[[], float]:
    import numpy as np
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_predict

    names = ["emobank", "facebook", "emotales"] if corpus == "pooled" else [corpus]
    dimensions = ["valence", "arousal", *(["dominance"] if corpus in ("emobank", "emotales", "sample") else [])]
    parts, vectors, gold, groups = [], [], [], []
    for name in names:
        splits = ["all"] if name in ("facebook", "emotales") else ["train", "dev", "test"]
        parts = [library.load(name, split) for split in splits]
        vectors.append(encode(name, [text for part in parts for text in part.texts]))
        columns = []
        for dimension in dimensions:
            low, high = parts[0].scales[dimension]
            raw = np.concatenate([part.labels[dimension] for part in parts]).astype(float)
            columns.append(2 * (raw - low) / (high - low) - 1)
        gold.append(np.stack(columns, axis=1))
        known = name != "sample" and all(part.groups is not None for part in parts)
        own = [group for part in parts for group in part.groups or ()] if known else range(len(gold[-1]))
        groups += [f"{name}:{group}" for group in own]
    X, Y, documents = np.concatenate(vectors), np.concatenate(gold), np.array(groups)
    train, test = _held_out(protocol, documents, [len(part) for part in parts])

    def score() -> float:
        if train is None:
            folds = KFold(10, shuffle=True, random_state=_SEED)
            predicted = cross_val_predict(LinearRegression(), X, Y, cv=folds)
        else:
            predicted = LinearRegression().fit(X[train], Y[train]).predict(X[test])
        truth, rows = Y[test], documents[test]
        values = [_regression(truth[:, i], predicted[:, i]) for i in range(len(dimensions))]
        draws = [_regression(truth[k, i], predicted[k, i]) for k in _resamples(rows) for i in range(len(dimensions))]
        np.quantile(np.array(draws).reshape(_DRAWS, -1), (0.025, 0.975), axis=0)
        return values[0][0]

    return score


def _held_out(protocol: str, documents: Any, lengths: list[int]) -> tuple[Ints | None, Ints]:
    """Training and test rows; no training rows for cross-validation."""
    import numpy as np

    from harness.tasks.valence_arousal import held_out_documents

    everything = np.arange(len(documents))
    if protocol.startswith("official"):
        return everything[: lengths[0]], everything[sum(lengths) - lengths[-1] :]
    if protocol.startswith("document-grouped"):
        test = held_out_documents(list(documents))
        return np.setdiff1d(everything, test), test
    return None, everything


def _regression(gold: Floats, predicted: Floats) -> list[float]:
    """Pearson, Spearman, mean absolute error, concordance and R²."""
    import numpy as np
    from scipy.stats import rankdata
    from sklearn.metrics import mean_absolute_error, r2_score

    pearson = float(np.corrcoef(gold, predicted)[0, 1])
    spearman = float(np.corrcoef(rankdata(gold), rankdata(predicted))[0, 1])
    covariance = float(np.cov(gold, predicted, bias=True)[0, 1])
    ccc = 2 * covariance / (gold.var() + predicted.var() + (gold.mean() - predicted.mean()) ** 2)
    return [
        pearson,
        spearman,
        float(mean_absolute_error(gold, predicted)),
        float(ccc),
        float(r2_score(gold, predicted)),
    ]


def _resamples(groups: Any) -> list[Ints]:
    """Rows of 1000 resamples of whole documents."""
    import numpy as np

    generator = np.random.default_rng(0)
    names, columns = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(columns, kind="stable"), np.cumsum(np.bincount(columns))[:-1])
    return [
        np.concatenate([members[i] for i in generator.integers(len(names), size=len(names))]) for _ in range(_DRAWS)
    ]


def _polarity(library: Library, corpus: str, _protocol: str, encode: Encode) -> Callable[[], float]:
    import numpy as np
    from sklearn.metrics import accuracy_score

    splits = ["all"] if corpus in ("cr", "mr") else ["train", "dev", "test"]
    parts = [library.load(corpus, split) for split in splits]
    vectors = encode(corpus, [text for part in parts for text in part.texts])
    starts = np.cumsum([0, *(len(part) for part in parts)])
    orders, labels = [], []
    for part, start in zip(parts, starts, strict=False):
        label = np.asarray(part.labels["label"], dtype=np.int64)
        order = sorted(range(len(part)), key=lambda i: (len(part.texts[i].split()), int(label[i])))
        orders.append(start + np.array(order))
        labels.append(label[order])

    def score() -> float:
        if len(parts) == 1:
            from harness.perf.probing import Folds, official

            gold = labels[0]
            predicted = official(vectors[orders[0]], gold, Folds.of(gold, 10))
        else:
            gold = labels[2]
            predicted = _chosen_on_dev(vectors, orders, labels, _POLARITY_GRID, accuracy_score)
        found = float(accuracy_score(gold, predicted))
        draws = [accuracy_score(gold[rows], predicted[rows]) for rows in _resamples(np.arange(len(gold)))]
        np.quantile(draws, (0.025, 0.975))
        return found

    return score


def _chosen_on_dev(
    vectors: Vectors,
    orders: Sequence[Any],
    labels: Sequence[Any],
    grid: Sequence[float],
    metric: Callable[[Any, Any], float],
) -> Ints:
    """Classes of the test part by the strength that is best on the development part."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    best: tuple[float, Any] = (-1.0, None)
    for strength in grid:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = LogisticRegression(C=strength, random_state=_SEED, max_iter=1000).fit(vectors[orders[0]], labels[0])
        development = float(metric(labels[1], fit.predict(vectors[orders[1]])))
        if development > best[0]:
            best = development, fit
    predicted: Ints = best[1].predict(vectors[orders[2]])
    return predicted


def _emotion_parts(library: Library, corpus: str) -> tuple[list[str], list[Any], list[Any]]:
    """Texts of all splits, and the rows and classes of each."""
    import numpy as np

    from harness.corpora.goemotions_ekman import ekman

    texts: list[str] = []
    rows: list[Any] = []
    labels: list[Any] = []
    for split in ("train", "dev", "test"):
        part = library.load(corpus, split)
        if corpus == "goemotions":
            chosen = ekman(part)
            rows.append(np.arange(len(chosen.rows)) + len(texts))
            labels.append(chosen.labels)
            texts += [part.texts[i] for i in chosen.rows]
        else:
            rows.append(np.arange(len(part)) + len(texts))
            labels.append(np.asarray(part.labels["emotion"], dtype=np.int64))
            texts += part.texts
    return texts, rows, labels


def _emotion(library: Library, corpus: str, _protocol: str, encode: Encode) -> Callable[[], float]:
    import numpy as np
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

    texts, rows, labels = _emotion_parts(library, corpus)
    # The sample's texts are those of its other tasks.
    vectors = encode(corpus, texts)

    def macro(gold: Any, predicted: Any) -> float:
        return float(f1_score(gold, predicted, average="macro"))

    def numbers(gold: Any, predicted: Any) -> list[float]:
        found = [float(accuracy_score(gold, predicted))]
        for average in ("macro", "weighted"):
            scores = precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)
            found += [float(score) for score in scores[:3]]
        return found

    def score() -> float:
        predicted = _chosen_on_dev(vectors, rows, labels, _EMOTION_GRID, macro)
        gold = labels[2]
        draws = [numbers(gold[k], predicted[k]) for k in _resamples(np.arange(len(gold)))]
        np.quantile(np.array(draws), (0.025, 0.975), axis=0)
        return numbers(gold, predicted)[0]

    return score


def _geometry(library: Library, corpus: str, _protocol: str, encode: Encode) -> Callable[[], float]:
    import numpy as np
    import torch

    texts, rows, labels = _emotion_parts(library, corpus)
    vectors = encode(corpus, texts)[rows[2]]

    def score() -> float:
        unit = torch.nn.functional.normalize(torch.from_numpy(np.array(vectors)))
        pairs = torch.pdist(unit)
        pairs.pow(2).mul(-2).exp().mean().log()
        positives = [torch.pdist(unit[labels[2] == c]).pow(2) for c in np.unique(labels[2])]
        alignment = float(torch.cat(positives).mean())
        singular = torch.linalg.svdvals(unit)
        share = singular / singular.sum()
        (-(share * share.log()).sum()).exp()
        return 1 - alignment / float(pairs.pow(2).mean())

    return score


if __name__ == "__main__":
    main()
