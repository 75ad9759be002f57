"""The table of emotions in conversations."""

from __future__ import annotations

from collections.abc import Callable

from harness.leaderboard import build_tables, render
from harness.record import Record

Make = Callable[..., Record]


def _record(make: Make, protocol: str, f1: float) -> Record:
    return make(
        "minilm", f"conversation/meld/{protocol}", {"weighted.f1": f1, "accuracy": 0.5, "macro.f1": 0.3}, split="test"
    )


def test_ours_stand_in_the_units_of_the_published_numbers(make: Make) -> None:
    (table,) = build_tables([_record(make, "context-5/1", 0.41234)], which=["conversation"])
    ours, *published = table.rows
    shown = {column.key: cell.printed for column, cell in zip(table.columns, ours.cells, strict=True)}
    assert next(text for key, text in shown.items() if key.endswith("weighted.f1") and text) == "41.23"
    assert [row.title for row in published] == ["SACL-LSTM", "SACL-LSTM (one seed)"]
    assert "arXiv 2306.01505" in render([table], "plain")


def test_published_numbers_stand_beside_the_form_with_context_alone(make: Make) -> None:
    records = [_record(make, "utterance/1", 0.35), _record(make, "context-5/1", 0.4)]
    alone, beside = build_tables(records, which=["conversation"])
    assert [row.name for row in alone.rows] == ["minilm"]
    assert len(beside.rows) == 3


def test_without_such_records_it_is_shown_when_asked_for(make: Make) -> None:
    assert "conversation" not in [table.key for table in build_tables([make()])]
    (table,) = build_tables([make()], which=["conversation"])
    assert len(table.rows) == 2
