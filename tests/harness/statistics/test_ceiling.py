"""The noise ceiling finds the correlation of two panels where it is known."""

import numpy as np
import pytest

from harness.statistics.ceiling import noise_ceiling


def marks(n, raters, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 1)) + noise * rng.normal(size=(n, raters))


@pytest.mark.parametrize("raters", [2, 5, 10])
def test_a_second_panel_of_the_same_size(raters):
    both = marks(4000, 2 * raters)
    # Truth and noise of unit variance: reliability k / (k + 1); odd panels lose one mark of a half.
    second = np.corrcoef(both[:, :raters].mean(axis=1), both[:, raters:].mean(axis=1))[0, 1]
    found = noise_ceiling(both[:, :raters])
    used = raters // 2 * 2
    assert found.value == pytest.approx(used / (used + 1), abs=0.02)
    assert raters % 2 or found.value == pytest.approx(second, abs=0.02)
    assert found.low < found.value < found.high


def test_missing_marks_and_texts_with_one_mark_are_left_out():
    full = marks(300, 6)
    some = np.concatenate([full, np.full((300, 2), np.nan)], axis=1)
    alone = np.full((50, 8), np.nan)
    alone[:, 0] = 3.0
    found = noise_ceiling(np.concatenate([some, alone]))
    assert found.value == pytest.approx(noise_ceiling(full).value, abs=0.01)
    assert noise_ceiling(alone) is None


def test_raters_that_agree_in_nothing_or_in_all():
    assert noise_ceiling(np.random.default_rng(0).normal(size=(2000, 4))).value < 0.1
    assert noise_ceiling(np.repeat(np.arange(9.0)[:, None], 4, axis=1)).value == pytest.approx(1)


def test_documents_are_resampled_whole():
    rng = np.random.default_rng(0)
    given = np.repeat(rng.normal(size=(40, 1)), 10, axis=0) + 0.5 * rng.normal(size=(400, 4))
    rows, documents = noise_ceiling(given), noise_ceiling(given, np.repeat(np.arange(40), 10))
    assert rows.value == documents.value
    assert documents.high - documents.low > 1.5 * (rows.high - rows.low)
