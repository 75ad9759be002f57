"""Texts of any lengths are cut into batches, and every one comes out in its place."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.transformer.devices import find_executable_batch_size
from harness.transformer.library import LibraryEngine
from harness.transformer.packed import PackedEncoder
from harness.units import _SHARD_CHARACTERS, _SHARD_TEXTS, _shards

FAULTS = settings.get_profile("faults")

lengths = st.lists(st.integers(1, 40) | st.sampled_from([1, 512]), max_size=40)
budgets = st.integers(1, 600)


def items_of(lengths):
    """Texts of tokens that say which text they are of."""
    return [np.full(length, row, dtype=np.int32) for row, length in enumerate(lengths)]


@settings(FAULTS)
@given(lengths=lengths, budget=budgets)
def test_packed_batches(lengths, budget):
    seen, before = [], np.inf
    for rows, groups, ids in PackedEncoder._batches(None, items_of(lengths), budget):
        assert ids.shape == (1, sum(lengths[row] for row in rows))
        assert ids.shape[1] <= budget or len(rows) == 1
        assert [g.length for g in groups for _ in range(g.count)] == [lengths[row] for row in rows]
        end = 0
        for group in groups:
            assert group.start == end
            end += group.count * group.length
        np.testing.assert_array_equal(ids[0], np.repeat(rows, [lengths[row] for row in rows]))
        assert max(lengths[row] for row in rows) <= before
        before = min(lengths[row] for row in rows)
        seen += rows
    assert sorted(seen) == list(range(len(lengths)))


@settings(FAULTS)
@given(lengths=lengths, budget=budgets)
def test_batches_of_equal_length(lengths, budget):
    network = SimpleNamespace(words=10**6, origin="", _output=lambda ids: ids)
    seen = []
    for rows, ids in LibraryEngine._outputs(network, items_of(lengths), budget):
        assert ids.numel() <= budget or len(rows) == 1
        assert [set(row.tolist()) for row in ids] == [{row} for row in rows]
        seen += rows
    assert sorted(seen) == list(range(len(lengths)))


@settings(FAULTS)
@given(
    lengths=st.lists(st.integers(0, 300_000) | st.sampled_from([0, _SHARD_CHARACTERS, 1_000_000]), max_size=12),
    short=st.integers(0, 2 * _SHARD_TEXTS + 1),
    most=st.sampled_from([1, 1000, _SHARD_CHARACTERS]),
)
def test_shards(lengths, short, most):
    class Text(int):
        """Stands for a text of so many characters."""

        def __len__(self):
            return int(self)

    texts = [Text(length) for length in [*lengths, *[1] * short]]
    shards = list(_shards(texts, most))
    for shard in shards:
        assert shard
        assert len(shard) <= _SHARD_TEXTS
        assert sum(shard) <= most or len(shard) == 1
    assert [text for shard in shards for text in shard] == sorted(texts, reverse=True)


@settings(FAULTS)
@given(size=st.integers(1, 100_000), least=st.integers(1, 512), room=st.integers(0, 100_000))
def test_batches_are_halved_until_they_fit(size, least, room):
    asked = []

    def attempt(tokens):
        asked.append(tokens)
        if tokens > room:
            raise MemoryError
        return tokens

    try:
        assert find_executable_batch_size(attempt, size, least) <= room
    except MemoryError:
        assert asked[-1] <= least
    assert asked == [size >> turn for turn in range(len(asked))]
    assert all(tokens > max(least, room) for tokens in asked[:-1])


def test_what_is_no_lack_of_memory_is_not_tried_again():
    asked = []

    def attempt(tokens):
        asked.append(tokens)
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        find_executable_batch_size(attempt, 1024, 1)
    assert asked == [1024]
