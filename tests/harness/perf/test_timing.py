"""Turns, medians and ratios."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.perf.timing import interleave, ratio, spread

RELAXED = settings(deadline=None)
SECONDS = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20)


def test_contestants_take_turns():
    turns = []
    samples = interleave({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 3)
    assert turns == ["a", "b"] * 4  # one turn to warm up
    assert len(samples["a"].wall) == len(samples["b"].cpu) == 3
    assert min(samples["a"].times("wall")) >= 0
    turns.clear()
    interleave({"a": lambda: turns.append("a")}, 2, warm=False)
    assert turns == ["a", "a"]


@RELAXED
@given(SECONDS)
def test_spread_is_numpy_s_percentiles(values):
    found = spread(values)
    np.testing.assert_allclose([found.low, found.value, found.high], np.percentile(values, [25, 50, 75]), rtol=1e-9)


@RELAXED
@given(SECONDS, st.floats(0.1, 10))
def test_a_contestant_that_always_takes_as_many_times_as_long_has_that_ratio(values, times):
    found = ratio([times * value for value in values], values)
    assert found.value == pytest.approx(times)
    assert found.low == pytest.approx(times)
    assert found.high == pytest.approx(times)


@RELAXED
@given(SECONDS, SECONDS)
def test_the_range_holds_the_ratio(slower, faster):
    rounds = min(len(slower), len(faster))
    found = ratio(slower[:rounds], faster[:rounds])
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(np.median(slower[:rounds]) / np.median(faster[:rounds]))
