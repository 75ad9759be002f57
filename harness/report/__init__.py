"""One self-contained page with everything that was recorded: tables, figures, cards, contamination.

    page = build_report(store, records, tasks, suite="paper")
    Path("report.html").write_text(page, "utf-8")

The page loads nothing, runs one script of its own, and holds no text of a corpus.
Equal material gives equal bytes.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from harness.contamination import TextEvidence
from harness.figures import Absent, Drawing, Source, draw_all, to_bytes
from harness.leaderboard import build_tables, with_limited
from harness.leaderboard.render import fragment, identifier
from harness.printing import one_line
from harness.record import Record, ResultStore
from harness.report.sections import clean_numbers, environments, evidence_lines, missing_numbers, model_cards, span

__all__ = ["build_report"]

#: Dots per inch of the points in scatter plots: a page is read on a screen.
_DOTS = 110


def build_report(
    store: ResultStore,
    records: Sequence[Record],
    tasks: Mapping[str, Sequence[str]],
    *,
    suite: str = "paper",
    evidence: Mapping[tuple[str, str], TextEvidence] | None = None,
    recommended: Mapping[str, str] | None = None,
    baseline: str | None = None,
) -> str:
    """Write the page.

    Args:
        store: where predictions are.
        records: results and failures of one suite.
        tasks: task id → its metrics, the main one first, in the suite's order.
        suite: its name.
        evidence: what comparing texts showed (`harness.contamination.read_evidence`).
        recommended: encoder → the pooling that its authors trained; it comes first.
        baseline: the model that others are compared with.

    Raises:
        RecordInvalid: seeds of one evaluation do not fit together.
    """
    source = Source(store, records, tasks, baseline=baseline, recommended=recommended)
    shown = with_limited(records)
    tables = build_tables(shown, suite=suite, intervals=True, tasks=tasks, recommended=recommended)
    style, script = _file("page.css"), _file("page.js")
    environment = Environment(
        autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(_file("page.html.j2")).render(
        suite=suite,
        policy=f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'",
        style=Markup(style),
        script=Markup(script),
        models=len(source.models),
        tasks=len(source.task_ids()),
        records=len(source.records),
        trials=sum(record.contamination.get("state") == "limited" for record in shown),
        span=span(source.records),
        tables=[
            {"id": identifier(table), "title": table.title, "html": Markup(fragment(table, level=3))}
            for table in tables
        ],
        figures=[_figure(item) for item in draw_all(source)],
        cards=model_cards(source),
        evidence=evidence_lines(source),
        clean_numbers=clean_numbers(source, evidence or {}),
        missing=missing_numbers(source),
        environments=environments(source.records),
    )
    return page + "\n"


def _shown(value: Any) -> Any:
    """Words without control characters; what is markup already stays."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _file(name: str) -> str:
    return (files("harness.report") / name).read_text("utf-8")


def _digest(content: str) -> str:
    """What a content policy lets run: exactly this, and nothing that a name smuggled in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _figure(item: Drawing | Absent) -> dict[str, str]:
    if isinstance(item, Absent):
        return {"key": item.key, "title": item.title, "reason": item.reason}
    picture = base64.b64encode(to_bytes(item, "svg", dots=_DOTS)).decode()
    words = {"key": item.key, "title": item.title, "reason": "", "caption": item.caption, "alt": item.alt}
    return words | {"uri": f"data:image/svg+xml;base64,{picture}"}
