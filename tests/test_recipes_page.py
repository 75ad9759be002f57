"""The page about recipes shows what is recorded."""

from harness.cli.recorded import read_recorded
from harness.leaderboard import build_tables, render
from harness.leaderboard.against import against_start
from harness.record import ResultStore


def test_its_table_is_the_recorded_one(repository):
    results = repository / "results" / "recipes"
    found = read_recorded(results, "recipes")
    tables = build_tables(
        found.records, suite="recipes", which=["overview"], tasks=found.tasks, intervals=True, published=True
    )
    tables = against_start(tables, ResultStore(results), found.records)
    page = (repository / "docs" / "recipes.md").read_text("utf-8")
    assert render(tables, "markdown").strip() in page
