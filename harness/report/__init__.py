"""One self-contained page with everything that was recorded: tables, figures, cards, contamination, examples.

    page = build_report(store, records, tasks, suite="paper")
    Path("report.html").write_text(page, "utf-8")

The page loads nothing, runs one script of its own, and holds no text of a corpus unless the corpora are handed in.
Equal material gives equal bytes.
"""

from harness.report.build import build_report

__all__ = ["build_report"]
