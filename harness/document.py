"""The page `docs/tasks.md`, written from the tasks and the corpora: `python -m harness.document > docs/tasks.md`.

For each family of tasks it has what its module says of the protocol, and for each task its id, suites, what is scored,
its metrics and its source; for each corpus its rows, labels, licence and reference.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from harness.corpora import CorpusCard
from harness.corpora.registry import builtin
from harness.leaderboard.metrics import metric_style
from harness.registry import TASKS, tasks
from harness.tasks import polarity, senteval
from harness.tasks.base import Task, task_id

_HEAD = """\
# Tasks

Written from the tasks' own words by `make docs`; `bench tasks` lists them, and `bench run --tasks` takes a family, a
family/corpus, a whole id or a shell pattern.

A task's id is `family/corpus/protocol`. The protocol has a name and a version: splits, folds, grids and metrics belong
to it, a change of any of them is a new version, and a table never mixes two. Numbers have a 95 % interval where one is
defined; accuracies, F1 and correlations are recorded as fractions. Metrics stand with the main one first, ↑ where
higher is better, ↓ where lower is.

Suites: `sample` runs on embedded sentences, `paper` is what the CARL paper measures, `extended` is everything else that
encoders are judged by.
"""


def page() -> str:
    """The whole page in Markdown."""
    parts = [_HEAD]
    for module, own in _modules().items():
        title, text = _words(module)
        parts.append(f"## {title}\n\n{text}\n\n{_table(own)}\n")
        if module is polarity:
            parts.append(f"### The SentEval protocol\n\n{_words(senteval)[1]}\n")
    parts.append("## Corpora\n\nNone is part of this distribution but `sample`; `bench data` says which are where.\n")
    parts.append("\n".join(_corpus_lines(corpus.card) for corpus in builtin().values()) + "\n")
    return "\n".join(parts)


def _modules() -> Mapping[ModuleType, list[Task]]:
    """This distribution's modules of tasks, in the order of `bench tasks`, with their tasks."""
    order = list(tasks())
    found: dict[ModuleType, list[Task]] = {}
    for value in sorted({point.value for point in entry_points(group=TASKS) if point.value.startswith("harness.")}):
        name, _, attribute = value.partition(":")
        module = import_module(name)
        found[module] = sorted(getattr(module, attribute)(), key=lambda task: order.index(task_id(task)))
    return dict(sorted(found.items(), key=lambda item: order.index(task_id(item[1][0]))))


def _words(module: ModuleType) -> tuple[str, str]:
    """A module's docstring: its first sentence up to a colon or comma as title, and the whole as text."""
    text = inspect.cleandoc(module.__doc__ or "")
    title = text.replace("\n", " ").partition(":")[0].partition(",")[0].partition(".")[0]
    return title, text


def _table(family: Sequence[Task]) -> str:
    """The tasks of a module as a table, then their metrics and sources, each said once."""
    rows = ["| task | what | scored | corpora | suite |", "| --- | --- | --- | --- | --- |"]
    for task in family:
        seeds = " (several seeds)" if task.stochastic else ""
        cells = (f"`{task_id(task)}`", task.summary + seeds, f"`{task.split}`", _code(task.corpora), _code(task.suites))
        rows.append(f"| {' | '.join(cells)} |")
    lines = ["\n".join(rows), "Metrics:" + _grouped(family, lambda task: _metrics(task.metrics))]
    return "\n\n".join([*lines, "Source:" + _grouped(family, lambda task: task.source)])


def _grouped(family: Sequence[Task], say: Callable[[Task], str]) -> str:
    """What is said of all tasks, or of each group that it is said of."""
    groups: dict[str, list[str]] = {}
    for task in family:
        groups.setdefault(say(task), []).append(task_id(task))
    if len(groups) == 1:
        return f" {next(iter(groups))}"
    return "\n\n" + "\n".join(f"- {_code(ids)}: {words}" for words, ids in groups.items())


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _metrics(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`{_direction(name)}" for name in names)


def _direction(name: str) -> str:
    better = metric_style(name).higher_is_better
    return "" if better is None else " ↑" if better else " ↓"


def _corpus_lines(card: CorpusCard) -> str:
    rows = ", ".join(f"{count:,} {split}" for split, count in card.rows.items())
    lines = [f"- **`{card.name}`**: {card.title}; {rows}", f"  - labels: {card.labels}"]
    lines += [f"  - {card.citation}; licence: {card.licence}"]
    if card.homepage:
        lines.append(f"  - {card.homepage}")
    if card.notes:
        lines.append(f"  - {card.notes}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
