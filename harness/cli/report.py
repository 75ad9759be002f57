"""`bench report`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options
from harness.errors import UsageError
from harness.printing import echo


@click.command()
@options.results_dir
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--suite", default=None, help="quick, paper, extended or recipes  [default: what was recorded]")
@click.option("--models", "-m", multiple=True, help="Only these models.")
@click.option("--baseline", default=None, help="What others are compared with  [default: bert, else minilm]")
@click.option("--ranks", is_flag=True, help="Show the places that each model can hold, ties as ranges.")
@click.option(
    "--examples",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Rows a task for looking at single predictions.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The page.",
)
def report(
    results_dir: Path,
    data_dir: Path | None,
    cache_dir: Path,
    offline: bool,
    suite: str | None,
    models: tuple[str, ...],
    baseline: str | None,
    ranks: bool,
    examples: int,
    output: Path,
) -> None:
    """Write one page with all tables, figures, model cards, contamination and single predictions.

    The page loads nothing and can be opened, sent and printed as it is. With --data-dir it holds texts of the corpora,
    for your eyes alone; without, it holds none.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir} is not a directory")
    from harness.cli.recorded import read_recorded
    from harness.figures import check_matplotlib

    check_matplotlib()
    options.go_offline(offline)
    recorded = read_recorded(results_dir, suite, models)
    from harness.corpora import CorpusRegistry
    from harness.files import write_text
    from harness.report import build_report

    page = build_report(
        recorded.store,
        recorded.records,
        recorded.tasks,
        suite=recorded.suite,
        evidence=recorded.evidence,
        recommended=recorded.recommended,
        library=CorpusRegistry(data_dir, cache_dir, offline=True),
        with_texts=data_dir is not None or recorded.suite == "sample",
        cache_dir=cache_dir,
        baseline=baseline,
        ranks=ranks,
        examples=examples,
    )
    write_text(output, page, "a report")
    echo(f"{output}: {len(page.encode()) / 1e6:.1f} MB")
