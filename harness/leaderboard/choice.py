"""Which model to take: quality beside size, speed and bytes a vector, and what the tests leave open.

A model is on the Pareto front when no other is at least as good in everything that is compared and better in one thing.
Only models that are known to have seen none of the texts are compared: of others it is not known how good they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from harness.comparison import compare
from harness.leaderboard.evaluations import Evaluation, ordered
from harness.leaderboard.table import metric_style
from harness.record import Record, ResultStore
from harness.variants import split_reduction


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One model with everything that speaks for or against it."""

    model: str
    quality: float
    """Mean over the tasks of the main metric, as a fraction."""
    parameters: int | None
    """Weights; 0 where there are none, None where nothing is known of them."""
    speed: float | None
    """Texts a second, in the evaluation that encoded fastest: the one least slowed by long texts and by other work. A
    reduced row has that of the full vectors."""
    memory: float | None
    """Most bytes of memory that the process held while its vectors were computed; likewise."""
    price: float | None
    """US dollars for a million tokens, of a service whose price was given; likewise."""
    vector_bytes: int | None
    seen: bool
    """Whether it saw texts of the tasks, or may have."""
    front: bool = False
    """Whether it is on the Pareto front."""
    worse: tuple[str, ...] = field(default=())
    """Tasks on which it is worse than the best beyond chance; empty before `tested`."""


def candidates(
    records: Sequence[Record], metrics: Mapping[str, Sequence[str]]
) -> tuple[list[Candidate], dict[str, str]]:
    """Models that were measured on the same tasks, the best first, and those tasks with their main metrics.

    Args:
        records: results, any number of seeds.
        metrics: task id → its metrics, the main one first.

    Tasks are those that at least half of the models have, one protocol a corpus; errors, geometry and collections of
    corpora that have rows of their own are left out.
    """
    found: dict[str, dict[str, Evaluation]] = {}
    for one in ordered(records, metrics):
        main = next(iter(metrics.get(one.task_id, ())), "")
        if main in one.metrics and metric_style(main).higher_is_better and one.task != "geometry":
            found.setdefault(one.task_id, {})[one.model.name] = one
    most = len({name for models in found.values() for name in models}) / 2
    chosen: dict[tuple[str, str], str] = {}
    for task_id, models in found.items():
        place = (task_id.split("/")[0], task_id.split("/")[1])
        if place[1] != "pooled" and len(models) >= most and len(models) > len(found.get(chosen.get(place, ""), ())):
            chosen[place] = task_id
    tasks = {task_id: metrics[task_id][0] for task_id in chosen.values()}
    entered = set.intersection(*(set(found[task_id]) for task_id in tasks)) if tasks else set()
    costs, rows = _costs(records), []
    for name in entered:
        own = [found[task_id][name] for task_id in tasks]
        model = own[0].model
        speed, memory, price = costs.get(name) or costs.get(split_reduction(name)[0]) or (None, None, None)
        row = Candidate(
            model=name,
            quality=fmean(one.metrics[tasks[one.task_id]].value for one in own),
            parameters=0 if model.parameters is None and model.family == "floor" else model.parameters,
            speed=speed,
            memory=memory,
            price=price,
            vector_bytes=model.bytes_a_vector,
            seen=any(one.state != "clean" for one in own),
        )
        rows.append(row)
    rows.sort(key=lambda row: (-row.quality, row.model))
    clean = [row for row in rows if not row.seen]
    return [replace(row, front=not row.seen and not any(_dominates(o, row) for o in clean)) for row in rows], tasks


def _costs(records: Sequence[Record]) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Model → speed, memory and price of a `Candidate`, over all of its texts that were not in the cache."""
    runs: dict[str, list[Mapping[str, float]]] = {}
    for record in records:
        if record.timings.get("texts_encoded"):
            runs.setdefault(record.model.name, []).append(record.timings)
    found = {}
    for name, own in runs.items():
        tokens, cost = (sum(run.get(key, 0.0) for run in own) for key in ("tokens", "cost"))
        speed = max((run["texts_encoded"] / run["encode"] for run in own if run["encode"]), default=None)
        peak = max(run.get("peak_memory", 0.0) for run in own)
        found[name] = (speed, peak or None, 1e6 * cost / tokens if cost else None)
    return found


def _dominates(one: Candidate, other: Candidate) -> bool:
    """Whether a model is as good as another in everything and better in one thing; the unknown counts as worst."""

    def goods(row: Candidate) -> list[float]:
        costs = (row.parameters, row.vector_bytes)
        return [row.quality, row.speed or 0.0, *(float("-inf") if cost is None else -cost for cost in costs)]

    pairs = list(zip(goods(one), goods(other), strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def tested(
    rows: Sequence[Candidate], tasks: Mapping[str, str], store: ResultStore, records: Sequence[Record]
) -> list[Candidate]:
    """Candidates with the tasks on which each is worse than the best clean one beyond chance (`harness.comparison`)."""
    best = next((row.model for row in rows if not row.seen), None)

    def worse(row: Candidate) -> tuple[str, ...]:
        if best is None or row.seen or row.model == best:
            return ()
        numbers = compare(store, records, best, row.model, tasks=list(tasks)).numbers
        return tuple(number.task_id for number in numbers if number.verdict(True) == "worse")

    return [replace(row, worse=worse(row)) for row in rows]
