"""The rows of the table: what is measured, what is promised, and how it turned out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.errors import RecordInvalid, unknown_name
from harness.perf.timing import Spread


@dataclass(frozen=True)
class Goal:
    """A row before it is measured."""

    title: str
    peer: str
    """What it is measured against, or with."""
    unit: str
    """`×`, `%`, `s`, `ms`, or what is counted."""
    at_least: float | None = None
    """What this harness promises."""
    aim: float | None = None
    less_is_better: bool = False


#: Key → row, in the order of the table.
GOALS: Mapping[str, Goal] = {
    "encode": Goal("Encode MR, float32", "sentence-transformers' defaults", "×", 1.3, 1.5),
    "encode-plain": Goal("Encode MR, float32", "transformers, padded batches of 32", "×"),
    "encode-bf16": Goal("Encode MR, bfloat16", "sentence-transformers' defaults in float32", "×", 2.0, 2.7),
    "peak": Goal("Share of the processor's float32 matrix peak while encoding", "large products", "%", 75, 90),
    "processes": Goal("Encode MR, one process of one thread a core", "one process, a thread a core", "×"),
    "probe-384": Goal("Nested MR probe, 384 dimensions", "SentEval's scikit-learn mode", "×", 15, 30),
    "probe-768": Goal("Nested MR probe, 768 dimensions", "SentEval's scikit-learn mode", "×", 30, 60),
    "agree-384": Goal("Its predictions that differ, 384 dimensions", "scikit-learn at tol 1e-8", "rows", 0, 0, True),
    "agree-768": Goal("Its predictions that differ, 768 dimensions", "scikit-learn at tol 1e-8", "rows", 0, 0, True),
    "uniformity": Goal("Uniformity of 10,000 points", "torch.pdist", "×", 3, 5),
    "suite": Goal("Suite from nothing to table, float32", "the same, written plainly", "×", 1.5, 1.7),
    "suite-bf16": Goal("Suite from nothing to table, bfloat16", "the same, written plainly, float32", "×", 2.5, 3.4),
    "scoring": Goal("Scoring the suite", "the same, written plainly", "×", 15, 40),
    "warm": Goal("Suite a second time", "nothing", "s", 3, 1, True),
    "help": Goal("`bench --help`", "nothing", "ms", 150, 80, True),
}

#: What `--rows` may name beside keys: rows that are measured together.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "encoding": ("encode", "encode-plain", "encode-bf16", "peak", "processes"),
    "probes": ("probe-384", "probe-768"),
    "agreement": ("agree-384", "agree-768"),
    "geometry": ("uniformity",),
    "suites": ("suite", "suite-bf16", "scoring", "warm"),
    "start-up": ("help",),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row with its number, or with the reason why there is none."""

    key: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: int = 0
    detail: str = ""
    """What else was found, in words."""
    reason: str = ""
    """Why there is no number."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able: seconds of each round, sizes, settings."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    """The machine while it was measured."""

    @property
    def goal(self) -> Goal:
        """What the row is about."""
        return GOALS[self.key]

    @property
    def verdict(self) -> str:
        """`aim`, `met`, `below`, `not measured`; `-` where nothing is promised, and of quick sizes."""
        goal = self.goal
        if self.value is None:
            return "not measured"
        if self.environment.get("quick") or goal.at_least is None or goal.aim is None:
            return "-"
        sign = -1 if goal.less_is_better else 1
        if sign * self.value >= sign * goal.aim:
            return "aim"
        return "met" if sign * self.value >= sign * goal.at_least else "below"

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Row:
        """Read back what `as_dict` gave.

        Raises:
            RecordInvalid: not a row of this version.
        """
        try:
            row = cls(**raw)
        except TypeError as error:
            raise RecordInvalid(f"not a row of a speed record ({error}); measure again") from error
        if row.key not in GOALS:
            raise RecordInvalid(f"a speed record has a row {row.key!r} that this version does not know")
        return row


def measured(key: str, found: Spread, rounds: int, *, detail: str = "", facts: Mapping[str, Any] | None = None) -> Row:
    """A row with a number."""
    return Row(
        key=key, value=found.value, low=found.low, high=found.high, rounds=rounds, detail=detail, facts=facts or {}
    )


def wanted_rows(names: list[str]) -> list[str]:
    """Keys of rows that `--rows` names, in the table's order; all when it names none.

    >>> wanted_rows(["start-up", "probes"])
    ['probe-384', 'probe-768', 'help']

    Raises:
        UsageError: no such row.
    """
    chosen: set[str] = set()
    for name in names:
        if name not in GOALS and name not in GROUPS:
            raise unknown_name("row", name, [*GROUPS, *GOALS])
        chosen.update(GROUPS.get(name, (name,)))
    return [key for key in GOALS if key in chosen or not names]
