from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from harness.leaderboard import Table, build_tables, render
from harness.leaderboard.significance import against_start
from harness.record import Record, ResultStore

Make = Callable[..., Record]

MR = "polarity/mr/senteval-lr/1"


def save(store: ResultStore, make: Make, name: str, right: int, **facts: object) -> None:
    gold = np.random.default_rng(0).integers(2, size=500)
    predicted = np.where(np.arange(500) < right, gold, 1 - gold)
    record = make(name, metrics={"accuracy": right / 500}, **facts)
    store.save(record, {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)})


@pytest.fixture
def recipes(make: Make, tmp_path: Path) -> Table:
    """A backbone, recipes of three kinds, and a model that none of them started from."""
    store = ResultStore(tmp_path)
    for name, right, family, training in (
        ("minilm", 400, "bert", ("reddit-comments",)),
        ("bert", 430, "bert", ()),
        ("recipe-mlm-minilm", 395, "recipe-free", ()),
        ("recipe-simcse-minilm", 300, "recipe-free", ()),
        ("recipe-carl-minilm", 450, "recipe-affect", ()),
        ("recipe-emo-minilm", 470, "recipe-evaluated", ("goemotions:train",)),
        ("recipe-sentibert-minilm", 480, "recipe-evaluated", ("sst5:train",)),
    ):
        base = "minilm" if name.startswith("recipe-") else None
        title = "SimCSE, our re-training (MiniLM-L6)" if name == "recipe-simcse-minilm" else ""
        save(store, make, name, right, family=family, base=base, training=training, title=title)
    records = list(store)
    built = build_tables(records, suite="recipes", which=["overview"], tasks={MR: ("accuracy",)}, intervals=True)
    (found,) = against_start(built, store, records, draws=200)
    return found


def test_recipes_stand_in_groups_beside_their_backbone(recipes: Table) -> None:
    assert [[row.name for row in rows] for _, rows in groupby(recipes.rows, lambda row: row.block)] == [
        ["minilm"],
        ["recipe-mlm-minilm", "recipe-simcse-minilm"],
        ["recipe-carl-minilm"],
        ["recipe-emo-minilm", "recipe-sentibert-minilm"],
    ]
    assert "SimCSE" in [row.title for row in recipes.rows], "the caption says once whose training it was"
    ranks = {row.name: row.cells[-1].rank for row in recipes.rows}
    assert (ranks["recipe-carl-minilm"], ranks["minilm"]) == (1, 2)
    assert ranks["recipe-emo-minilm"] == 0, "ranked apart, and without a clean rival there"


def test_clean_differences_from_the_backbone_are_marked(recipes: Table) -> None:
    marks = {row.name: row.cells[-1].against for row in recipes.rows}
    assert marks == {
        "minilm": "",
        "recipe-mlm-minilm": "",
        "recipe-simcse-minilm": "−",
        "recipe-carl-minilm": "+",
        "recipe-emo-minilm": "+",
        # SST is made of MR: what has seen the texts is not called better.
        "recipe-sentibert-minilm": "",
    }
    assert "over the 4 tests of this table" in " ".join(render([recipes], "plain").split())


def test_columns_without_predictions_have_no_tests(make: Make, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.save(make("minilm"))
    store.save(make("carl-minilm", base="minilm"))
    records = list(store)
    tables = build_tables(records, which=["II"])
    assert against_start(tables, store, records) == tables
