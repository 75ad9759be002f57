"""The conformance kit passes what conforms and names each broken rule."""

import numpy as np
import pytest

from harness.encoder import EncoderCard
from harness.testing import check_encoder


class Right:
    card = EncoderCard(name="right", family="floor")

    def encode(self, texts):
        rows = [[len(text), sum(map(ord, text)) % 97, 1.0] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 3)


class Batchy(Right):
    def encode(self, texts):
        vectors = super().encode(texts)
        return vectors + np.float32(0.1 * len(texts))


class Sorting(Right):
    def encode(self, texts):
        return super().encode(sorted(texts, key=len))


class Random(Right):
    def encode(self, texts):
        vectors = super().encode(texts)
        return vectors + np.random.default_rng().normal(size=vectors.shape).astype(np.float32)


class Remembering(Right):
    before = ""

    def encode(self, texts):
        vectors = super().encode(texts)
        if len(self.before) > 5_000:
            vectors = vectors + np.float32(1)
        self.before = texts[-1] if len(texts) == 1 else ""
        return vectors


class Settling(Right):
    """As BigBird, which reads long texts in another way once it has read a short one."""

    settled = False

    def encode(self, texts):
        self.settled = self.settled or min(map(len, texts), default=5_000) < 5_000
        return super().encode(texts) * np.array([1, 1, 1 + (max(map(len, texts), default=0) >= 5_000 and self.settled)])

    def __getstate__(self):
        return {}


class Constant(Right):
    def encode(self, texts):
        return np.ones((len(texts), 3), dtype=np.float32)


class Exiting(Right):
    def encode(self, texts):
        raise SystemExit(0)


class NoEmpty(Right):
    def encode(self, texts):
        if "" in texts:
            raise IndexError("no token")
        return super().encode(texts)


class NotFinite(Right):
    def encode(self, texts):
        vectors = super().encode(texts)
        vectors[2:3] = np.nan
        return vectors


class Transposed(Right):
    def encode(self, texts):
        return super().encode(texts).T.copy()


class Raising(Right):
    def encode(self, texts):
        raise RuntimeError("no kernel")


class Unpicklable(Right):
    def __init__(self):
        self.hook = lambda: None


class NoCard(Right):
    card = "right"


def test_what_conforms_passes():
    report = check_encoder(Right())
    assert report.passed, report
    assert len(report.findings) == 9


@pytest.mark.parametrize(
    ("encoder", "rule"),
    [
        (Batchy, "alone or in any batch"),
        (Sorting, "row i belongs to text i"),
        (Random, "deterministic"),
        (Remembering, "whatever was encoded before"),
        (Settling, "unpickled"),
        (Constant, "the same vector"),
        (Exiting, "SystemExit"),
        (NoEmpty, "odd texts"),
        (NotFinite, "NaN or infinity"),
        (Transposed, "shape"),
        (Raising, "no kernel"),
        (Unpicklable, "pickles"),
        (NoCard, "EncoderCard"),
    ],
)
def test_each_broken_rule_is_named(encoder, rule):
    report = check_encoder(encoder())
    assert not report.passed
    broken = [f"{rule} {fault}" for rule, fault in report.findings.items() if fault]
    assert any(rule in line for line in broken), broken
