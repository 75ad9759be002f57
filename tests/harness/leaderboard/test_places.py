from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.leaderboard import build_tables, render
from harness.leaderboard.places import with_places
from harness.record import Record, ResultStore

Make = Callable[..., Record]


def test_models_that_cannot_be_told_apart_share_places(make: Make, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    gold = np.random.default_rng(0).integers(2, size=500)
    for name, right, training in (("a", 470, ()), ("b", 465, ()), ("c", 300, ()), ("seen", 499, ("mr",))):
        predicted = np.where(np.arange(500) < right, gold, 1 - gold)
        record = make(name, metrics={"accuracy": right / 500}, training=training)
        store.save(record, {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)})
    records = list(store)
    (table,) = with_places(build_tables(records, which=["II"], published=False), store, records, draws=200)
    # McNemar: five rows apart, all in favour of a, p = 0.06; hundreds apart for c.
    assert {row.name: row.cells[0].places for row in table.rows} == {"a": "1–2", "b": "1–2", "c": "3", "seen": ""}
    text = render([table], "plain")
    assert "=94.00= (1–2)" in text
    assert "share places" in text.replace("\n", " ")
    assert text.count("(1–2)") == 2


def test_columns_without_predictions_have_no_places(make: Make, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    for name in ("a", "b"):
        store.save(make(name))
    records = list(store)
    tables = build_tables(records, which=["II"])
    assert with_places(tables, store, records) == tables
