"""Corpora made up by the tests, and embeddings that know the labels somewhat."""

import numpy as np
import pytest

from harness.corpora.base import Examples


class Shelf:
    """A library of made-up examples."""

    def __init__(self, **corpora):
        self.corpora = corpora

    def load(self, name, split):
        return self.corpora[name][split]


@pytest.fixture
def shelf():
    return Shelf


def rated(n, seed, *, dimensions=("valence", "arousal", "dominance"), scale=(1.0, 5.0), documents=None):
    """Examples with continuous labels."""
    rng = np.random.default_rng(seed)
    low, high = scale
    return Examples(
        texts=tuple(f"text {seed} {i}" for i in range(n)),
        ids=tuple(f"{seed}-{i}" for i in range(n)),
        labels={d: rng.uniform(low + 0.5, high - 0.3, size=n) for d in dimensions},
        scales=dict.fromkeys(dimensions, scale),
        groups=None if documents is None else tuple(documents[i % len(documents)] for i in range(n)),
    )


def classed(n, seed, classes, *, label="label", names=()):
    """Examples with a class, every class present, of unequal lengths."""
    rng = np.random.default_rng(seed)
    gold = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)]).astype(np.int64)
    return Examples(
        texts=tuple(" ".join(["word"] * int(rng.integers(1, 9))) + f" {seed} {i}" for i in range(n)),
        ids=tuple(f"{seed}-{i}" for i in range(n)),
        labels={label: gold},
        classes=names or tuple(f"class {i}" for i in range(classes)),
    )


def vectors(texts, gold, *, width=12, noise=1.0, seed=0):
    """float32 vectors that carry the labels in some directions, one of them constant."""
    rng = np.random.default_rng(seed)
    gold = np.asarray(gold, dtype=np.float64).reshape(len(texts), -1)
    X = gold @ rng.normal(size=(gold.shape[1], width)) + noise * rng.normal(size=(len(texts), width))
    X[:, 3] = 0.25
    return X.astype(np.float32)
