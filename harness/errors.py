"""The errors that a user can fix: each message says what was wrong, with which input, and the way out.

Everything that is not a `BenchError` is a fault of the program and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


class BenchError(Exception):
    """Something the user can mend; shown without a traceback."""

    #: What a result record says of an evaluation that ended with this error.
    status: ClassVar[str] = "failed"


class UsageError(BenchError):
    """A name or an option that does not exist, or options that do not fit together (exit code 2)."""


class DataMissing(BenchError):
    """A corpus is in none of the places that were looked into."""

    status = "data-missing"


class DataInvalid(BenchError):
    """A corpus file is there but is not the published one; names file, line and column."""


class WeightsMissing(BenchError):
    """The weights of an encoder are not on this machine; says where they are and what to pass."""

    status = "weights-missing"


class ModelUnknown(WeightsMissing):
    """A model that does not exist: the hub has none of that name, or a directory holds none."""


class WeightsInvalid(BenchError):
    """A checkpoint is there but does not fit its architecture, or is unsafe to load."""


class ExtraMissing(BenchError):
    """An optional package or resource is needed; says the exact install line."""

    status = "extra-missing"


class NotConverged(BenchError):
    """A probe stayed far from its optimum: its number would depend on the solver."""


class EncoderFault(BenchError):
    """An encoder broke its contract (shape, dtype, finiteness) or raised while encoding."""


class WorkerLost(BenchError):
    """The workers that did a piece of work died, again and again."""


class NameTaken(BenchError):
    """There is a result of that model name with other weights; it is not replaced without being asked."""


class StorageFault(BenchError):
    """The cache or the results directory cannot be read or written (read-only, full, damaged)."""


class RecordInvalid(BenchError):
    """A result record is damaged or does not fit the schema."""


class RecordNewer(RecordInvalid):
    """A result record was written by a newer version of this program; overwriting it would lose it."""


class RecordSkipped(UserWarning):
    """A record that cannot be read was named and left out; a command that met one exits with 1."""


def first_line(error: BaseException) -> str:
    """A foreign exception in one line: its class, and the first line of what it says."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"[:200]


def validation_reason(error: ValidationError) -> str:
    """What pydantic refuses first: the field, and why."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def unknown_name(kind: str, name: str, known: Sequence[str]) -> UsageError:
    """The error for a name that does not exist: near names, or all where none is near and they are few.

    >>> print(unknown_name("suite", "papre", ["quick", "paper"]))
    unknown suite 'papre'; did you mean paper?
    """
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return UsageError(f"unknown {kind} {name!r}; did you mean {' or '.join(near)}?")
    return UsageError(f"unknown {kind} {name!r}. There are: {', '.join(known[:20])}{', ...' * (len(known) > 20)}")
