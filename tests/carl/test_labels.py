"""Equations (12), (4) and (5)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from carl.method.sentences import label_logits, label_similarity, label_weights, scale_labels
from harness.errors import UsageError

NAN = float("nan")

LABELS = hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=st.floats(-1, 1))


def test_scaling_is_equation_12_for_ends_and_observed():
    values = np.array([1.0, 2.5, 4.0, np.nan])
    assert scale_labels(values, (1.0, 5.0)) == pytest.approx([-1, -0.25, 0.5, NAN], nan_ok=True)
    assert scale_labels(values) == pytest.approx([-1, 0, 1, NAN], nan_ok=True)


def test_scaling_of_equal_values_needs_the_ends():
    with pytest.raises(UsageError, match="ends of the annotation scale"):
        scale_labels(np.array([3.0, 3.0]))


@given(LABELS)
def test_cosine_is_equation_4(labels):
    found = label_similarity(torch.from_numpy(labels), "cosine", 1e-3).numpy()
    for i, (v, a) in enumerate(labels):
        for j, (w, b) in enumerate(labels):
            norms = max(np.hypot(v, a), 1e-3) * max(np.hypot(w, b), 1e-3)
            assert found[i, j] == pytest.approx((v * w + a * b) / norms, abs=1e-9)


@given(LABELS)
def test_euclidean_is_the_negative_mean_squared_difference(labels):
    found = label_similarity(torch.from_numpy(labels), "euclidean", 1e-3).numpy()
    expected = -((labels[:, None] - labels[None]) ** 2).mean(-1)
    assert found == pytest.approx(expected, abs=1e-12)


def test_polarity_sees_the_sign_of_valence_alone():
    labels = torch.tensor([[0.1, 0.9], [0.9, -0.9], [-0.3, 0.0], [0.0, 0.5]])
    expected = [[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0], [0, 0, 0, 0]]
    assert label_similarity(labels, "polarity", 0.05).tolist() == expected


def test_missing_arousal_is_left_out_of_its_comparisons_only():
    labels = torch.tensor([[0.5, NAN], [0.3, 0.4], [-0.6, NAN], [0.6, -0.8]], dtype=torch.float64)
    cosine = label_similarity(labels, "cosine", 1e-3)
    assert cosine[0].tolist() == pytest.approx([1, 1, -1, 1])
    assert cosine[1].tolist() == pytest.approx([1, 1, -1, (0.18 - 0.32) / 0.5])
    euclidean = label_similarity(labels, "euclidean", 1e-3)
    assert euclidean[0].tolist() == pytest.approx([0, -0.04, -1.21, -0.01])
    assert euclidean[1, 3] == pytest.approx(-(0.09 + 1.44) / 2)
    assert torch.equal(cosine, cosine.T)
    assert torch.equal(euclidean, euclidean.T)


@pytest.mark.parametrize("kind", ["cosine", "euclidean", "polarity"])
def test_all_zero_labels_stay_finite(kind):
    labels = torch.tensor([[0.0, 0.0], [0.0, NAN], [0.5, -0.5]])
    assert label_similarity(labels, kind, 0.05).isfinite().all()
    assert label_weights(labels, kind, 0.05).isfinite().all()


def test_labels_without_direction_carry_little_weight():
    labels = torch.tensor([[0.0, 0.0], [0.01, 0.0], [0.3, -0.4], [-0.2, NAN]])
    assert label_weights(labels, "cosine", 0.05).tolist() == pytest.approx([0, 0.2, 1, 1])
    assert label_weights(labels, "polarity", 0.05).tolist() == [0, 1, 1, 1]
    assert label_weights(labels, "euclidean", 0.05).tolist() == [1, 1, 1, 1]


def test_rows_of_label_probabilities_are_equation_5():
    similarity = np.array([[1.0, -0.5, 0.2], [0.3, 1.0, -1.0], [0.0, 0.0, 0.0]])
    found = label_logits(torch.from_numpy(similarity), 0.3).exp().numpy()
    powers = np.exp(similarity / 0.3)
    assert found == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-12)
