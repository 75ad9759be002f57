"""The paper's suite without IMDB as one writes it without a harness: sentence-transformers, scikit-learn and loops.

Same splits, folds, grids and metrics as ours; each corpus is encoded once, each interval is a loop of 1000 resamples.
`python -m benchmarks.plain_suite DATA MODEL_DIR OUTPUT`, which `benchmarks.speed` calls.
"""

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, precision_recall_fscore_support, r2_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from harness.corpora import CorpusRegistry
from harness.corpora.goemotions import ekman

#: SentEval's grid and seed (`senteval/tools/validation.py`).
C_GRID = tuple(2.0**power for power in range(-2, 4))
EMOTION_C_GRID = tuple(2.0**power for power in range(-4, 7))
SEED, SPLITS = 1111, ("train", "dev", "test")
Encode = Callable[[Sequence[str]], Any]


def load(data_dir: Path, corpus: str, splits: Sequence[str]) -> list[Any]:
    """Read by the harness: reading is not what is compared."""
    return [CorpusRegistry(data_dir, Path(), offline=True).load(corpus, split) for split in splits]


def in_senteval_order(part: Any) -> tuple[list[str], Any]:
    """Texts and labels sorted by length, then label."""
    label = np.asarray(part.labels["label"], dtype=np.int64)
    order = sorted(range(len(label)), key=lambda i: (len(part.texts[i].split()), int(label[i])))
    return [part.texts[i] for i in order], label[order]


def valence_arousal(data: Path, corpus: str, encode: Encode) -> float:
    """Least squares on each dimension; r of valence."""
    parts = load(data, corpus, SPLITS if corpus == "emobank" else ["all"])
    X = encode([text for part in parts for text in part.texts])
    columns = []
    for dimension in ["valence", "arousal"] + ["dominance"] * (corpus != "facebook"):
        low, high = parts[0].scales[dimension]
        columns.append(2 * (np.concatenate([part.labels[dimension] for part in parts]) - low) / (high - low) - 1)
    Y = np.stack(columns, axis=1).astype(float)
    groups = np.array([g for part in parts for g in part.groups or ()] or range(len(Y)))
    if corpus == "emobank":
        train, test = slice(len(parts[0])), slice(-len(parts[2]), None)
        predicted = LinearRegression().fit(X[train], Y[train]).predict(X[test])
        Y, groups = Y[test], groups[test]
    else:
        predicted = cross_val_predict(LinearRegression(), X, Y, cv=KFold(10, shuffle=True, random_state=SEED))
    found = [with_interval(regression, Y[:, i], predicted[:, i], groups) for i in range(Y.shape[1])]
    return found[0]


def polarity(data: Path, corpus: str, encode: Encode) -> float:
    """Logistic regression as SentEval's scikit-learn mode; accuracy."""
    parts = list(map(in_senteval_order, load(data, corpus, SPLITS if corpus == "sst5" else ["all"])))
    X, y = encode([text for texts, _ in parts for text in texts]), [labels for _, labels in parts]
    if len(parts) == 1:
        predicted = senteval_predictions(X, y[0], lambda C: LogisticRegression(C=C, random_state=SEED))
    else:
        predicted = chosen_on_dev(np.split(X, np.cumsum([len(labels) for labels in y])[:2]), y, C_GRID, accuracy_score)
    return with_interval(lambda *pair: [accuracy_score(*pair)], y[-1], predicted)


def emotion(data: Path, corpus: str, encode: Encode) -> float:
    """Multinomial logistic regression, C chosen on dev by macro F1; accuracy."""
    parts = load(data, corpus, SPLITS)
    chosen = [ekman(part) for part in parts]
    X = encode([part.texts[i] for part, picked in zip(parts, chosen, strict=True) for i in picked.rows])
    X, y = np.split(X, np.cumsum([len(picked.rows) for picked in chosen])[:2]), [picked.labels for picked in chosen]
    predicted = chosen_on_dev(X, y, EMOTION_C_GRID, lambda a, b: f1_score(a, b, average="macro"))
    return with_interval(classification, y[2], predicted)


def senteval_predictions(X: Any, y: Any, make: Callable[[float], LogisticRegression]) -> Any:
    """The toolkit's nested protocol: class of each row by the fit that left it out; `make` goes from C to a fit."""
    folds = StratifiedKFold(10, shuffle=True, random_state=SEED)
    predicted = np.empty_like(y)
    for train, held in folds.split(X, y):
        parts = [(train[fit], train[dev]) for fit, dev in folds.split(X[train], y[train])]
        means = [np.mean([make(C).fit(X[fit], y[fit]).score(X[dev], y[dev]) for fit, dev in parts]) for C in C_GRID]
        best = C_GRID[int(np.argmax(np.round(100 * np.array(means), 2)))]
        predicted[held] = make(best).fit(X[train], y[train]).predict(X[held])
    return predicted


def chosen_on_dev(X: Sequence[Any], y: Sequence[Any], grid: Sequence[float], metric: Callable[..., float]) -> Any:
    """Predictions for the test part with the C that is best on dev."""
    fits = [LogisticRegression(C=C, random_state=SEED, max_iter=1000).fit(X[0], y[0]) for C in grid]
    return max(fits, key=lambda fit: metric(y[1], fit.predict(X[1]))).predict(X[2])


def with_interval(score: Callable[..., Sequence[float]], gold: Any, predicted: Any, groups: Any = None) -> float:
    """The first score; percentiles over 1000 resamples of whole groups are computed beside it."""
    names, inverse = np.unique(np.arange(len(gold)) if groups is None else groups, return_inverse=True)
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(1000):
        rows = np.concatenate([members[i] for i in generator.integers(len(names), size=len(names))])
        draws.append(score(gold[rows], predicted[rows]))
    np.quantile(np.array(draws), (0.025, 0.975), axis=0)
    return float(score(gold, predicted)[0])


def classification(gold: Any, predicted: Any) -> Sequence[float]:
    """Accuracy, and macro and weighted precision, recall and F1."""
    scores = [accuracy_score(gold, predicted)]
    for average in ("macro", "weighted"):
        scores += precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)[:3]
    return scores


def regression(gold: Any, predicted: Any) -> Sequence[float]:
    """Pearson, Spearman, mean absolute error, concordance and R²."""
    covariance = np.cov(gold, predicted, bias=True)[0, 1]
    ccc = 2 * covariance / (gold.var() + predicted.var() + (gold.mean() - predicted.mean()) ** 2)
    pearson, spearman = np.corrcoef(gold, predicted)[0, 1], spearmanr(gold, predicted).statistic
    return [pearson, spearman, mean_absolute_error(gold, predicted), ccc, r2_score(gold, predicted)]


#: Our task → what computes the same.
TASKS: dict[str, Callable[[Path, str, Encode], float]] = {
    "valence-arousal/emobank/official/1": valence_arousal,
    "valence-arousal/facebook/kfold10/1": valence_arousal,
    "valence-arousal/emotales/kfold10/1": valence_arousal,
    "polarity/cr/senteval-lr/1": polarity,
    "polarity/mr/senteval-lr/1": polarity,
    "polarity/sst5/senteval-lr/1": polarity,
    "emotion/goemotions/ekman6-mapped/1": emotion,
}


def main() -> None:
    """Run every task and write its first number as JSON."""
    data_dir, model_dir, output = map(Path, sys.argv[1:])
    from sentence_transformers import SentenceTransformer

    # Without the last module, which normalises: the vectors that ours are, too.
    modules = list(SentenceTransformer(str(model_dir), device="cpu", local_files_only=True))[:2]
    model, threads = SentenceTransformer(modules=modules, device="cpu"), torch.get_num_threads()

    def encode(texts: Sequence[str]) -> Any:
        with threadpool_limits(threads):
            return model.encode(list(texts), show_progress_bar=False)

    warnings.simplefilter("ignore")
    # With two threads scikit-learn takes seven times as long: its products are too small for them.
    with threadpool_limits(1):
        numbers = {task: score(data_dir, task.split("/")[1], encode) for task, score in TASKS.items()}
    output.write_text(json.dumps(numbers))


if __name__ == "__main__":
    main()
