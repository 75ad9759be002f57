from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RecordInvalid
from harness.leaderboard import Cell, Table, build_tables, read_ablations, render
from harness.leaderboard.ablation import arm_of, printed_as

MR = "polarity/mr/senteval-lr/1"
EMOBANK = "valence-arousal/emobank/official/1"


def run(arm: str, seed: int, accuracy: float, base: str = "carl-roberta") -> dict[str, Any]:
    return {
        "arm": arm,
        "seed": seed,
        "status": "ok",
        "config": {"name": base if arm == "before" else f"{base}-{arm}"},
        "tasks": {
            MR: {"status": "ok", "metrics": {"accuracy": {"value": accuracy, "low": accuracy - 0.01, "high": 0.9}}},
            EMOBANK: {"status": "data-missing", "message": "no EmoBank", "metrics": {}},
        },
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    runs = [run("before", 0, 0.7), run("full", 0, 0.8), run("full", 1, 0.82), run("no-ptd", 0, 0.79)]
    path = tmp_path / "ablation" / "carl-roberta" / "runs.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in runs), "utf-8")
    return tmp_path


def cell(table: Table, name: str, corpus: str, origin: str) -> Cell:
    row = next(row for row in table.rows if row.name == name)
    found = [c for c, k in zip(row.cells, table.columns, strict=True) if (k.corpus, k.origin) == (corpus, origin)]
    return found[0]


def test_table_five_shows_arms_beside_the_papers(results: Path) -> None:
    (table,) = build_tables([], which=["V"], ablations=read_ablations(results))
    assert [row.title for row in table.blocks[0].rows] == ["before", "full", "no-ptd"]
    assert table.blocks[0].title == "carl-roberta"
    assert cell(table, "carl-roberta-full", "mr", "measured").printed == "81.00"
    assert cell(table, "carl-roberta-full", "mr", "published").printed == "88.49"
    assert cell(table, "carl-roberta-no-ptd", "mr", "published").printed == "85.79"
    assert cell(table, "carl-roberta-before", "mr", "published").status == "blank"
    assert cell(table, "carl-roberta-full", "emobank", "measured").status == "data-missing"
    titles = {block.title: [row.title for row in block.rows] for block in table.blocks[1:]}
    assert titles == {
        "Published, not measured here: BERT": ["CARL", "w/o TP", "w/o MCCL", "Base RWA"],
        "Published, not measured here: RoBERTa": ["w/o MCCL", "Base RWA"],
    }
    assert "Base RWA: the paper does not say" in render([table], "plain").replace("\n", " ")


def test_without_ablations_there_is_no_table_five_unless_it_is_asked_for() -> None:
    assert build_tables([]) == []
    (table,) = build_tables([], which=["5"])
    assert len(table.rows) == 8


def test_ablations_are_in_table_five_alone(results: Path) -> None:
    assert [table.key for table in build_tables([], ablations=read_ablations(results))] == ["V"]


def test_plain_records_of_arms_are_rows_too(make: Any) -> None:
    records = [make("carl-minilm-cpu-no-ptd"), make("carl-minilm-cpu")]
    table = next(table for table in build_tables(records) if table.key == "V")
    assert [row.name for row in table.rows if not row.name.startswith("published:")] == ["carl-minilm-cpu-no-ptd"]


@pytest.mark.parametrize(
    ("name", "arm"),
    [
        ("carl-minilm-no-ptd", ("carl-minilm", "no-ptd")),
        ("carl-bert-plus-cpu-tau-label-0.3", ("carl-bert-plus-cpu", "tau-label-0.3")),
        ("carl-minilm-plus", None),
        ("carl-roberta", None),
        ("bert", None),
    ],
)
def test_names_of_arms(name: str, arm: tuple[str, str] | None) -> None:
    assert arm_of(name) == arm


def test_arms_of_the_paper() -> None:
    assert printed_as("carl-minilm-full") == ("BERT", "CARL")
    assert printed_as("carl-roberta-euclidean") is None


@pytest.mark.parametrize("line", ["{", "[]", '{"arm": "full"}', json.dumps({**run("full", 0, 0.5), "seed": "x"})])
def test_damaged_files_are_named(results: Path, line: str) -> None:
    path = results / "ablation" / "runs.jsonl"
    path.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(RecordInvalid, match=r"runs\.jsonl, line 2: no run of an ablation"):
        read_ablations(results)
