from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.leaderboard.ranking import rank_column
from harness.leaderboard.table import Cell


def cell(value: float | None, contamination: str = "clean") -> Cell:
    if value is None:
        return Cell(status="failed")
    return Cell(value=value, printed=f"{value:.2f}", contamination=contamination)


def ranks(*values: float | None, higher: bool | None = True) -> list[int]:
    return rank_column([cell(value) for value in values], higher)


def test_direction() -> None:
    assert ranks(0.1, 0.3, 0.2) == [0, 1, 2]
    assert ranks(0.1, 0.3, 0.2, higher=False) == [1, 0, 2]
    assert ranks(0.1, 0.3, 0.2, higher=None) == [0, 0, 0]


def test_ties_share_a_rank_and_leave_no_second() -> None:
    assert ranks(0.3, 0.3, 0.2) == [1, 1, 0]
    assert ranks(0.3, 0.2, 0.2, 0.1) == [1, 2, 2, 0]


def test_equal_digits_are_a_tie() -> None:
    assert ranks(0.3041, 0.3039, 0.2) == [1, 1, 0]


def test_marked_and_missing_cells_do_not_compete() -> None:
    cells = [cell(0.9, "overlap"), cell(0.8, "unknown"), cell(None), cell(0.5), cell(0.4), cell(0.3)]
    assert rank_column(cells, True) == [0, 0, 0, 1, 2, 0]


def test_a_best_needs_a_rival_and_a_second_a_third() -> None:
    assert ranks(0.5) == [0]
    assert ranks(0.5, None) == [0, 0]
    assert ranks(0.5, 0.4) == [1, 0]
    assert ranks() == []


@given(st.lists(st.integers(-50, 50).map(lambda n: n / 100), min_size=3), st.booleans())
def test_nothing_is_better_than_the_best(values: list[float], higher: bool) -> None:
    found = rank_column([cell(value) for value in values], higher)
    bests = {value for value, rank in zip(values, found, strict=True) if rank == 1}
    assert bests == {max(values) if higher else min(values)}
    seconds = {value for value, rank in zip(values, found, strict=True) if rank == 2}
    assert len(seconds) <= 1
    assert not seconds or found.count(1) == 1
