"""From result records to the tables that `bench table` shows, by the specification in `tables.toml`."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from harness.errors import unknown_name
from harness.leaderboard.evaluations import Evaluation, Results, encoder_of, ordered
from harness.leaderboard.table import (
    Cell,
    Column,
    Footnote,
    Row,
    Table,
    corpus_title,
    digits,
    family_title,
    metric_label,
    metric_style,
    specification,
    words,
)
from harness.record import Record

Spec = Mapping[str, Any]

#: What can be asked for by name, in the order in which it is shown.
TABLE_NAMES = ("overview", *dict.fromkeys(spec["name"] for spec in specification()["table"]))

_BRACES = str.maketrans("", "", "{}")
_BLANK = Cell(status="blank")
_SIZE = Column(
    key="parameters", head="Param.\n[M]", group="", metric="parameters", origin="fact", decimals=1, unit="millions"
)


def build_tables(
    records: Iterable[Record],
    *,
    suite: str = "paper",
    which: Sequence[str] | None = None,
    published: bool = True,
    intervals: bool = False,
    tasks: Mapping[str, Sequence[str]] | None = None,
    columns: Sequence[str] = (),
    recommended: Mapping[str, str] | None = None,
) -> list[Table]:
    """Build tables from result records. Equal records give equal tables, in whatever order they come.

    Args:
        records: results and failures, any number of seeds.
        suite: the suite's name, for the overview's title, caption and default columns.
        which: names of `TABLE_NAMES`, in any case; None for the overview and those of the other
            tables that any record belongs to. A table that is asked for by name is there with the published
            numbers alone when no record belongs to it.
        published: whether the paper's numbers stand beside ours.
        intervals: whether cells show their 95 % interval.
        tasks: task id → its metrics, the main one first: the tasks of the suite in their order. Records of other
            tasks are left out. None takes all records.
        columns: of the overview: `all`, corpora, families or patterns of task ids; none for a short choice.
        recommended: encoder → the pooling that its authors trained; its row stands first.

    Raises:
        UsageError: a table or a column that does not exist.
        RecordInvalid: seeds of one evaluation do not fit together.
    """
    asked = {name.casefold(): name for name in which or ()}
    for name in asked.keys() - {name.casefold() for name in TABLE_NAMES}:
        raise unknown_name("table", asked[name], TABLE_NAMES)
    kept = [record for record in records if tasks is None or record.task_id in tasks]
    results = Results(ordered(kept, tasks), recommended)
    tables = []
    for name in TABLE_NAMES:
        if which is not None and name.casefold() not in asked:
            continue
        specs = [spec for one in specification()["table"] if one["name"] == name for spec in _expanded(one, results)]
        if name == "overview":
            specs = _overview(results, suite, tasks or {}, columns)
        built = [_assemble(spec, results, with_published=published) for spec in specs]
        measured = [table for table in built if any(column.origin == "measured" for column in table.columns)]
        alone = [table for table, spec in zip(built, specs, strict=True) if which and published and "published" in spec]
        tables += [replace(table, intervals=intervals) for table in measured or alone]
    return tables


# What stands in which table


def _column(corpus: str, metric: str, head: str, group: str, task: str = "", protocol: str = "") -> Column:
    """A column of our numbers under a protocol, or of the paper's without one."""
    observed = metric.endswith("_observed") or (not protocol and metric.endswith("mae"))
    metric = metric.removesuffix("_observed")
    style = metric_style(metric)
    label = (metric_label(metric) if "{corpus}" in head else style.label) + ("\nobs." if observed else "")
    key = f"{task}/{corpus}/{protocol}/{metric}{'/observed-scale' if observed else ''}"
    return Column(
        key=key if protocol else f"published/{corpus}/{metric}",
        head=head.format(corpus=corpus_title(corpus), metric=label),
        group=group.format(protocol=protocol, corpus=corpus_title(corpus)),
        metric=metric,
        origin="measured" if protocol else "published",
        task=task if protocol else "",
        corpus=corpus,
        protocol=protocol,
        decimals=style.decimals,
        unit="percent" if style.percent else "observed range" if observed else "",
        higher_is_better=style.higher_is_better,
    )


def _expanded(spec: Spec, results: Results) -> Iterator[Spec]:
    """The main table of a specification, once for each of its corpora, and one for each protocol that it leaves out."""
    task, others = spec.get("task", ""), spec.get("others", {})
    for corpus, protocol in spec.get("each", {"": ""}).items():
        entries: list[Spec] = [{"corpora": [corpus], "protocol": protocol, **entry} for entry in spec["columns"]]
        chosen = [
            column
            for entry in entries
            for column in _columns(entry, entry["corpora"], entry.get("task", task), entry["protocol"])
            if not entry.get("optional") or results.of(column.task_id)
        ]
        main = entries[0]["protocol"]
        yield _filled(spec, chosen, main, corpus, results)
        used = {(column.corpus, column.protocol) for column in chosen}
        corpora = {one for entry in entries if entry["protocol"] for one in entry["corpora"]}
        for other, measured in results.protocols(task).items() if "others" in spec else ():
            rest = [c for c in measured if (c, other) not in used and (c in corpora or "key" in others)]
            patterns = [entry for entry in entries if entry["protocol"] == main]
            if columns := [column for entry in patterns for column in _columns(entry, rest, task, other)]:
                own = _filled({**spec, **others}, columns, other, corpus, results)
                yield {name: value for name, value in own.items() if name != "published"}


def _columns(entry: Spec, corpora: Sequence[str], task: str, protocol: str) -> list[Column]:
    # Columns of several corpora are told apart by their heads, else by what stands over them.
    apart = len(corpora) == 1 or "{corpus}" in entry["head"]
    return [
        _column(corpus, metric, entry["head"], entry["group"] if apart else "{corpus}", task, protocol)
        for corpus in corpora
        for metric in entry["metrics"]
    ]


def _filled(spec: Spec, columns: Sequence[Column], protocol: str, corpus: str, results: Results) -> Spec:
    """A specification with its columns made and its texts filled in."""
    pairs = []
    for column in columns:
        splits = sorted({one.split for one in results.of(column.task_id)})
        named = (words("splits").get(name, f"{name} split") for name in splits)
        pairs += [(" and ".join(named), corpus_title(column.corpus))] if splits else []
    scored = "; ".join(f"{', '.join(corpora)}: {how}" for how, corpora in _grouped(pairs).items()) + "." * bool(pairs)
    known = {"protocol": protocol, "scored": scored, "corpus": corpus, "corpus_title": corpus_title(corpus)}
    texts = {name: " ".join(spec[name].format(**known).split()) for name in ("key", "title", "caption")}
    return {**spec, **texts, "columns": [_SIZE, *columns] if "published" in spec else columns}


def _grouped(pairs: Iterable[tuple[Any, str]]) -> dict[Any, list[str]]:
    """Values by key, each once, in order of appearance."""
    found: dict[Any, dict[str, None]] = {}
    for key, value in pairs:
        found.setdefault(key, {})[value] = None
    return {key: list(values) for key, values in found.items()}


def _matching(pattern: str, results: Results) -> set[str]:
    """Models whose name matches, those that a group of the pattern names, and all vectors of what they started from."""
    bases = {model.name: model.base for model in results.models}
    matches = [match for name in bases if (match := re.fullmatch(pattern, name))]
    found = {name for match in matches for name in (match[0], *match.groups())} & bases.keys()
    started = {bases[name] for name in found}
    return found | {name for name in bases if encoder_of(name) in started}


def _overview(results: Results, suite: str, tasks: Mapping[str, Sequence[str]], asked: Sequence[str]) -> list[Spec]:
    """One row a model, the main metric of each measured task; a short choice of columns unless others are asked for."""
    spec = specification()["overview"]
    own = {**spec, **spec.get(suite, {})}
    every: dict[str, Column] = {}
    for one in results.evaluations:
        main = next(iter(tasks.get(one.task_id, ())), spec["main"].get(one.task, ""))
        metric = main if main in one.metrics or not one.metrics else next(iter(one.metrics))
        # The paper's tasks are told apart by corpus and metric; others share both with them.
        head = ("" if one.task in spec["main"] else one.task.translate(_BRACES) + "\n") + "{corpus}\n{metric}"
        every.setdefault(one.task_id, _column(one.corpus, metric, head, "", one.task, one.protocol))
    if not every:
        return []
    if asked:
        for pattern in asked:
            if not any(_fits(pattern, name) for name in every):
                corpora = dict.fromkeys(name.split("/")[1] for name in every)
                raise unknown_name("column", pattern, [*corpora, *every])
        chosen = [column for name, column in every.items() if any(_fits(pattern, name) for pattern in asked)]
    else:
        chosen = []
        for names, metric, head in own.get("columns", ()):
            if known := [name for name in names.split() if name in every]:
                task, corpus, protocol = max(known, key=lambda name: len(results.of(name))).split("/", 2)
                chosen.append(_column(corpus, metric, head, "", task, protocol))
        # Without a choice of the suite: the first protocol of each corpus.
        first: dict[tuple[str, str], Column] = {}
        for column in every.values():
            first.setdefault((column.task, column.corpus), column)
        chosen = chosen or list(first.values())[: spec["most"]]
    # A corpus of several families is named with what is measured on it.
    times = Counter(corpus for corpus, _ in {(column.corpus, column.protocol) for column in chosen})
    names = (corpus_title(one.corpus) if times[one.corpus] == 1 else one.head.replace("\n", " ") for one in chosen)
    protocols = _grouped(zip((column.protocol for column in chosen), names, strict=True))
    versions = "; ".join(f"{', '.join(corpora)}: {protocol}" for protocol, corpora in protocols.items())
    more = len(every) - len({column.task_id for column in chosen})
    rest = f" {more} more: bench table overview --columns all." if more > 0 and not asked else ""
    texts = {"title": own["title"].format(suite=suite), "caption": f"{own['caption']} Protocols: {versions}.{rest}"}
    return [{**own, **texts, "columns": [_SIZE, *chosen]}]


def _fits(pattern: str, task_id: str) -> bool:
    return pattern in ("all", *task_id.split("/")[:2]) or fnmatchcase(task_id, pattern)


# Rows


def _assemble(spec: Spec, results: Results, *, with_published: bool) -> Table:
    """Fill a specification whose columns are made.

    Rows are the models with a record for any of the columns. The paper's models without a row of ours follow in blocks
    of their own, the noise ceiling comes last. A column that no model was run on is named under the table.
    """
    only = _matching(spec["rows"], results) if "rows" in spec else None
    allowed = [model for model in results.models if only is None or model.name in only]
    asked = [column for column in spec["columns"] if column.origin == "measured"]
    measured = [c for c in asked if any(results.get(model.name, c.task_id) for model in allowed)]
    absent = [f"{corpus_title(column.corpus)} ({column.protocol})" for column in asked if column not in measured]
    # A metric that no record with numbers has is none of this corpus.
    scored = [c for c in measured if any(results.cell(m.name, c).value is not None for m in allowed)]
    measured = scored or measured
    origins = ("fact", "published") if with_published else ("fact",)
    columns = [column for column in spec["columns"] if column in measured or column.origin in origins]
    shown = [model for model in allowed if any(results.get(model.name, column.task_id) for column in measured)]
    numbers = [p for p in load_published() if with_published and p.table == spec.get("published")]
    titles = (
        {name: title.split(spec["cut"])[0] for name, title in results.titles.items()}
        if "cut" in spec
        else results.titles
    )
    rows: list[Row] = []
    for model in shown:
        beside = [number for number in numbers if number.encoder == model.name]
        millions = None if model.parameters is None else model.parameters / 1e6
        cells = tuple(
            results.cell(model.name, column) if column in measured else _published_cell(column, beside, millions)
            for column in columns
        )
        rows.append(Row(name=model.name, title=titles[model.name], block=family_title(model.family), cells=cells))
    names = {model.name for model in shown}
    rows += _published_rows(columns, [number for number in numbers if number.encoder not in names])
    rows = _ranked(rows, columns, {model.name for model in shown if model.family == spec.get("apart")})
    notes = _about_results(measured, rows, results, titles, names)
    ceiling = _ceiling(columns, results)
    if any(cell.value is not None for cell in ceiling):
        rows.append(Row(name="ceiling", title="second panel of raters", block="Noise ceiling", cells=tuple(ceiling)))
        notes.append(Footnote(text=words("ceiling")))
    keys = [column.key for column in measured] or [""]
    more = [spec["empty"]] if only == set() and "empty" in spec else []
    more += [n["text"] for n in spec.get("notes", ()) if any(n.get("where", "") in key for key in keys)]
    if measured and absent:
        more.append(f"Not run for any model: {', '.join(dict.fromkeys(absent))}.")
    if numbers:
        more += _about_published(rows, columns, spec.get("published_notes", ()))
    notes += [Footnote(text=text) for text in more]
    return Table(
        key=spec["key"],
        title=spec["title"],
        caption=spec["caption"],
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=tuple(notes[: spec.get("most_notes")]),
    )


def _published_cell(column: Column, numbers: Sequence[Published], millions: float | None) -> Cell:
    """The paper's number of a row in a published column, its size in millions in a column of sizes, else blank."""
    if column.origin == "fact" and millions is not None:
        return Cell(value=millions, printed=digits(millions, 1))
    for number in numbers:
        if column.origin == "published" and (number.corpus, number.metric) == (column.corpus, column.metric):
            state = "overlap" if number.trained_on else "clean"
            return Cell(value=number.value, printed=number.printed, contamination=state)
    return _BLANK


def _published_rows(columns: Sequence[Column], numbers: Sequence[Published]) -> list[Row]:
    """Rows of the paper alone, each with its heading and the size of its base model."""
    rows = []
    for base, model in dict.fromkeys(number.row for number in numbers):
        own = [number for number in numbers if number.row == (base, model)]
        title, millions = words("bases").get(base, (base, None))
        cells = tuple(_published_cell(column, own, millions) for column in columns)
        rows.append(Row(name=f"published:{base}/{model}", title=model, block=f"Published: {title}", cells=cells))
    return rows


def _ceiling(columns: Sequence[Column], results: Results) -> list[Cell]:
    """The noise ceiling of every correlation whose records have one, else blank."""
    cells = []
    for column in columns:
        dimension, _, metric = column.metric.rpartition(".")
        wanted = replace(column, metric=f"{dimension}.ceiling")
        known = column.origin == "measured" and metric == "pearson"
        found = (results.cell(one.model.name, wanted) for one in results.of(column.task_id) if known)
        ceiling = min(
            (cell for cell in found if cell.value is not None),
            key=lambda cell: cell.contamination == "limited",
            default=_BLANK,
        )
        cells.append(replace(ceiling, contamination="limited" if ceiling.contamination == "limited" else "clean"))
    return cells


def rank_column(cells: Sequence[Cell], higher_is_better: bool | None) -> list[int]:
    """Rank the cells of one column: 1 best, 2 second, 0 the rest.

    Numbers are compared as they are printed, so that equal digits never get different marks. Ties share a rank;
    after two or more bests there is no second. A best is named among two competing cells or more, a second
    among three or more.

    >>> def column(*values): return [Cell(value=x, printed=f"{x:.1f}") for x in values]
    >>> rank_column(column(0.9, 0.7, 0.8), True), rank_column(column(0.9, 0.9, 0.8), True)
    ([1, 0, 2], [1, 1, 0])
    """
    ranks = [0] * len(cells)
    if higher_is_better is None:
        return ranks
    values = {i: float(cell.printed) * (-1 if higher_is_better else 1) for i, cell in enumerate(cells) if cell.competes}
    for i, value in values.items():
        place = 1 + sum(other < value for other in values.values())
        if place <= 2 and len(values) > place:
            ranks[i] = place
    return ranks


def _ranked(rows: Sequence[Row], columns: Sequence[Column], apart: set[str]) -> list[Row]:
    """Mark best and second in every column, some rows among themselves."""
    ranks: dict[tuple[str, int], int] = {}
    for together in (True, False):
        entered = [row for row in rows if (row.name in apart) == together]
        for j, column in enumerate(columns):
            own = rank_column([row.cells[j] for row in entered], column.higher_is_better)
            ranks |= {(row.name, j): rank for row, rank in zip(entered, own, strict=True)}
    return [
        replace(row, cells=tuple(replace(cell, rank=ranks[row.name, j]) for j, cell in enumerate(row.cells)))
        for row in rows
    ]


# What is said under a table


def _about_results(
    measured: Sequence[Column], rows: Sequence[Row], results: Results, titles: Mapping[str, str], shown: set[str]
) -> list[Footnote]:
    """The remarks that follow from the records of a table, the most important ones first."""
    tasks = dict.fromkeys(column.task_id for column in measured)
    scored = [one for task_id in tasks for one in results.of(task_id) if one.metrics and one.model.name in shown]
    notes: list[Footnote] = []

    def say(condition: object, text: str, mark: str = "") -> None:
        if condition:
            notes.append(Footnote(text=text, mark=mark))

    mixed = [task_id for task_id, data in _grouped((one.task_id, one.data) for one in scored).items() if len(data) > 1]
    say(mixed, f"Warning: not all models were scored on the same data ({', '.join(sorted(mixed))}); run again.")
    models = [one.model for one in scored]
    weights = _grouped(((m.name, m.pooling, m.max_length, m.dtype, m.backend), m.fingerprint) for m in models)
    changed = ", ".join(dict.fromkeys(titles[key[0]] for key, prints in weights.items() if len(prints) > 1))
    say(changed, f"Warning: the weights changed between the numbers of a row ({changed}); run again.")
    evidence = "trained on the data set or on texts of it, not ranked; evidence: bench contamination."
    say(any(one.state == "overlap" for one in scored), evidence, "*")
    unknown = ", ".join(dict.fromkeys(titles[one.model.name] for one in scored if one.state == "unknown"))
    say(unknown, f"training data not declared, not ranked: {unknown}.", "?")
    for text, encoders in words("remarks").items():
        named = ", ".join(title for name, title in titles.items() if name in shown and encoder_of(name) in encoders)
        say(named, f"{text}: {named}.")
    say(any(one.state == "limited" for one in scored), "tried on few texts (--limit), not ranked.", "~")
    states = {cell.status for row in rows for cell in row.cells}
    reasons = [f"{short}: {rest[0]}" for state, (short, *rest) in words("reasons").items() if rest and state in states]
    say(reasons, "; ".join(reasons) + ".")
    halves = _grouped((model.dtype, titles[model.name]) for model in models if model.dtype in ("bfloat16", "float16"))
    for dtype, of in halves.items():
        say(of, f"Vectors in {dtype}: {', '.join(of)}.")
    edges = _by_model(filter(at_edge, scored), titles)
    lead = "The best regularisation was the strongest or weakest on offer; a wider choice might raise these a little"
    say(edges, f"{lead}: {edges}.")
    seeds = sorted({one.seeds for one in scored} - {1})
    span = "–".join(map(str, dict.fromkeys((*seeds[:1], *seeds[-1:]))))
    once = "; other numbers are of one run" if any(one.seeds == 1 for one in scored) else ""
    say(seeds, f"Means over {span} seeds where there are several{once}.")
    partial = _by_model((one for one in scored if one.faults), titles)
    say(partial, f"Some seeds have no number and are left out: {partial}.")
    vectors = _grouped((encoder_of(model.name), model.pooling or "") for model in results.models if model.name in shown)
    untrained = [
        f"{n}@{pooling}" for n, pooling in results.recommended.items() if pooling not in vectors.get(n, pooling)
    ]
    names = ", ".join(sorted(untrained))
    say(names, f"Not measured, though it is the vector that its authors trained: {names}.")
    return notes


def at_edge(one: Evaluation) -> bool:
    """Whether the regularisation that was chosen, in every fold, is the first or the last of its grid."""
    stated = one.details.get("at_edge")
    if isinstance(stated, bool):
        return stated
    grid = words("grids").get(one.protocol)
    chosen = one.details.get("strengths") or [one.details.get("strength")]
    return grid is not None and isinstance(chosen, list) and all(value in grid for value in chosen)


def _by_model(scored: Iterable[Evaluation], titles: Mapping[str, str]) -> str:
    """Evaluations in few words: `Random BERT (CR, MR); MiniLM (CR)`."""
    found = _grouped((titles[one.model.name], corpus_title(one.corpus)) for one in scored)
    return "; ".join(f"{title} ({', '.join(corpora)})" for title, corpora in found.items())


def _about_published(rows: Sequence[Row], columns: Sequence[Column], more: Sequence[str]) -> list[str]:
    """Say where the published columns come from and what their asterisks mean."""
    published = [j for j, column in enumerate(columns) if column.origin == "published"]
    cited = words("citation")
    text = f"Published: as printed by {cited}; its protocols are not given in full and may differ from ours."
    if any(row.cells[j].flag for row in rows for j in published):
        text += " * there: the paper marks the number as trained on the data set."
    return [text, *more]


@dataclass(frozen=True, kw_only=True)
class Published:
    """One number of the CARL paper, as printed: Table V rounds or cuts Table I, SentiCSE's MR carries its asterisk.

    Source: Son, Saurez, Har (2025), arXiv 2502.20613, Tables I to V. Valence and arousal are of the paper's pooled
    corpora; precision, recall and F1 are of an average that it does not name. Which BERT-PT it used, it does not say:
    those rows point to `bert-pt-rest`. Its CARL models, on base-sized backbones, and its ablations have no counterpart
    here.
    """

    table: str
    """I to V."""
    base: str
    """The backbone's block of the paper."""
    model: str
    encoder: str | None
    """Our encoder of the same base model and size, None where there is none."""
    corpus: str
    metric: str
    """As in the long table."""
    printed: str
    """The digits as printed."""
    trained_on: bool
    """Whether the paper marks the number with an asterisk."""

    @property
    def value(self) -> float:
        """The printed number; accuracies are in percent."""
        return float(self.printed)

    @property
    def row(self) -> tuple[str, str]:
        """(base, model): what identifies a row of a printed table."""
        return (self.base, self.model)


@cache
def load_published() -> tuple[Published, ...]:
    """Give the paper's numbers, in the paper's order."""
    text = (files("harness.leaderboard") / "published.csv").read_text("utf-8")
    return tuple(
        Published(
            **{name: row[name] for name in ("table", "base", "model", "corpus", "metric")},
            encoder=row["encoder"] or None,
            printed=row["value"],
            trained_on=row["trained_on"] == "1",
        )
        for row in csv.DictReader(text.splitlines())
    )
