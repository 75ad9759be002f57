"""The table of re-trained recipes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.leaderboard import Table, build_tables, render
from harness.leaderboard.against import against_start
from harness.record import Record, ResultStore
from harness.registry import select_tasks

Make = Callable[..., Record]

MR, GO = "polarity/mr/senteval-lr/1", "emotion/goemotions/ekman6-mapped/1"


@pytest.fixture
def store(make: Make, tmp_path: Path) -> ResultStore:
    """A backbone, recipes of three kinds, and a model that none of them started from."""
    found = ResultStore(tmp_path)
    gold = np.random.default_rng(0).integers(2, size=500)
    for name, right, family, training in (
        ("minilm", 400, "bert", ("reddit-comments",)),
        ("bert", 430, "bert", ()),
        ("recipe-mlm-minilm", 395, "recipe-free", ()),
        ("recipe-simcse-minilm", 300, "recipe-free", ()),
        ("recipe-carl-minilm", 450, "recipe-affect", ()),
        ("recipe-emo-minilm", 470, "recipe-evaluated", ("goemotions:train",)),
        ("recipe-sentibert-minilm", 480, "recipe-evaluated", ("sst5:train",)),
    ):
        predicted = np.where(np.arange(500) < right, gold, 1 - gold)
        base = "minilm" if name.startswith("recipe-") else None
        record = make(name, metrics={"accuracy": right / 500}, family=family, base=base, training=training)
        found.save(record, {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)})
    return found


@pytest.fixture
def table(store: ResultStore) -> Table:
    records = list(store)
    built = build_tables(records, suite="recipes", which=["overview"], tasks={MR: ("accuracy",)}, intervals=True)
    (found,) = against_start(built, store, records, draws=200)
    return found


def test_recipes_stand_in_groups_beside_their_backbone(table: Table) -> None:
    assert [(block.title, [row.name for row in block.rows]) for block in table.blocks] == [
        ("BERT", ["minilm"]),
        ("Recipes, no labels", ["recipe-mlm-minilm", "recipe-simcse-minilm"]),
        ("Recipes, ratings or affect labels", ["recipe-carl-minilm"]),
        (
            "Recipes that saw labels of an evaluated data set",
            ["recipe-emo-minilm", "recipe-sentibert-minilm"],
        ),
    ]


def test_what_saw_evaluated_labels_is_ranked_apart(table: Table) -> None:
    ranks = {row.name: row.cells[-1].rank for row in table.rows}
    assert ranks["recipe-carl-minilm"] == 1
    assert ranks["minilm"] == 2
    assert ranks["recipe-emo-minilm"] == 0, "the only one of its group without an asterisk has no rival"
    flags = {row.name: row.cells[-1].flag for row in table.rows}
    assert flags["recipe-sentibert-minilm"] == "*", "SST is made of MR"
    assert flags["recipe-emo-minilm"] == ""


def test_differences_from_the_backbone_are_marked(table: Table) -> None:
    marks = {row.name: row.cells[-1].against for row in table.rows}
    assert marks == {
        "minilm": "",
        "recipe-mlm-minilm": "",
        "recipe-simcse-minilm": "−",
        "recipe-carl-minilm": "+",
        "recipe-emo-minilm": "+",
        "recipe-sentibert-minilm": "+",
    }
    text = render([table], "plain")
    assert "over the 5 tests of this table" in text.replace("\n", " ")
    assert text.count(" +") >= 3


def test_tables_without_a_backbone_have_no_tests(make: Make, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.save(make("recipe-mlm-minilm", family="recipe-free", base="minilm"))
    records = list(store)
    built = build_tables(records, suite="recipes", which=["overview"], tasks={MR: ("accuracy",)})
    assert against_start(built, store, records) == built


def test_the_suite_has_the_three_kinds_of_tasks() -> None:
    chosen = list(select_tasks("recipes", []))
    assert {MR, GO, "valence-arousal/emobank/official/1", "polarity/cr/senteval-lr/1"} <= set(chosen)
    assert "polarity/imdb/senteval-lr-128/1" not in chosen


def test_the_caption_says_once_whose_training_it_was(make: Make) -> None:
    titles = {"recipe-simcse-minilm": "SimCSE, our re-training (MiniLM-L6)", "minilm": "MiniLM-L6"}
    records = [
        make(name, family="recipe-free" if name.startswith("recipe-") else "bert", title=title, base=base)
        for (name, title), base in zip(titles.items(), ("minilm", None), strict=True)
    ]
    (found,) = build_tables(records, suite="recipes", which=["overview"], tasks={MR: ("accuracy",)})
    assert [row.title for row in found.rows] == ["MiniLM-L6", "SimCSE"]
    other = make("recipe-simcse-roberta-small", family="recipe-free", title="SimCSE, our re-training (RoBERTa-small)")
    (found,) = build_tables([*records, other], suite="recipes", which=["overview"], tasks={MR: ("accuracy",)})
    assert "SimCSE, our re-training (MiniLM-L6)" in [row.title for row in found.rows]
