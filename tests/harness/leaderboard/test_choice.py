"""Which model to take: the mean over shared tasks, the front, and what the tests leave open."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.api import Leaderboard
from harness.outcome import Metric
from harness.record import Record, ResultStore
from harness.registry import select_tasks

MR = "polarity/mr/senteval-lr/1"


def test_the_front_and_what_is_worse_beyond_chance(make: Callable[..., Record], tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    gold = np.random.default_rng(0).integers(2, size=500)
    for name, right, size, dimensions, seconds, training in (
        ("large", 450, 300_000_000, 768, 20.0, ()),
        ("small", 448, 20_000_000, 384, 2.0, ()),
        ("slow", 447, 20_000_000, 384, 4.0, ()),
        ("bad", 300, 20_000_000, 32, 1.0, ()),
        ("seen", 490, 10_000_000, 384, 1.0, ("mr",)),
    ):
        record = make(
            name,
            metrics={"accuracy": right / 500},
            training=training,
            parameters=size,
        )
        timings = {"encode": seconds, "texts_encoded": 1000.0, "peak_memory": 2e9, "tokens": 5000.0, "cost": 1e-4}
        record = replace(record, timings=timings, model=replace(record.model, dimensions=dimensions))
        predicted = np.where(np.arange(500) < right, gold, 1 - gold)
        predictions = {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}
        store.save(record, predictions)
        # The same again on a busy machine, which says nothing of the model.
        store.save(replace(record, seed=1, timings={**timings, "encode": 9 * seconds}), predictions)
    board = Leaderboard(store, store=store, tasks=select_tasks(None, [MR]), suite=None)
    found = board.choose()
    assert list(found.index) == ["seen", "large", "small", "slow", "bad"]
    assert found["front"].to_dict() == {"seen": False, "large": True, "small": True, "slow": False, "bad": True}
    assert [name for name, worse in found["worse"].items() if worse] == ["bad"]
    assert found.loc["small", ["speed", "memory", "price", "vector_bytes"]].tolist() == [500.0, 2e9, 0.02, 1536]
    assert list(board.choose(max_params=50e6, min_speed=500).index) == ["seen", "small", "bad"]
    assert list(board.choose(max_bytes=200).index) == ["bad"]
    store.save(make("unknown", metrics={"accuracy": 0.5}))
    unknown = Leaderboard(store, store=store, tasks=select_tasks(None, [MR]), suite=None)
    assert "unknown" in unknown.choose().index
    assert "unknown" not in unknown.choose(max_params=1e12).index
    trial = make("trial", metrics={"accuracy": Metric(0.99)}, parameters=1)
    store.save(replace(trial, protocol=f"{trial.protocol}+limit-100"))
    found = Leaderboard(store, store=store, tasks=select_tasks(None, [MR]), suite=None).choose()
    assert found.loc["trial", ["front", "seen"]].tolist() == [False, True], "some texts prove nothing"
    assert found.loc["large", "front"]
