"""What the runs of an ablation gave, one JSON file a run, so that a finished one is never done again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from carl.ablation.plan import ArmRun
from carl.config import Config
from harness import strict_json
from harness.errors import StorageFault, UsageError
from harness.files import write_text

#: A run's result in its directory.
RESULT = "result.json"

#: The harness's records of it.
EVALUATION = "evaluation"


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended."""

    arm: str
    seed: int
    status: str
    """`ok` or `failed`."""
    config: Mapping[str, Any]
    data: str = ""
    """Digest of training texts, labels and starting weights."""
    error: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    """`step`, `steps`, `best_step`, `seconds`, `device`, `versions`; nothing for the backbone as it is."""
    development: Mapping[str, float] = field(default_factory=dict)
    """Scores of the step that was kept."""
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Task id → `status`, `metrics` by name (`value`, `low`, `high`), `message` where there are none."""

    def check(self) -> None:
        """Refuse what no run wrote.

        Raises:
            ValueError: says what it is.
        """
        words = {"arm": self.arm, "status": self.status, "data": self.data, "error": self.error}
        wrong = [name for name, value in words.items() if not isinstance(value, str)]
        objects = {"config": self.config, "training": self.training, "development": self.development}
        wrong += [name for name, value in {**objects, "tasks": self.tasks}.items() if not isinstance(value, Mapping)]
        if wrong or not _is_number(self.seed):
            raise ValueError(f"{', '.join(wrong) or 'seed'}: of another type than a run writes")
        if not all(map(_is_number, self.development.values())):
            raise ValueError("a development score is no number")
        for task, entry in self.tasks.items():
            if not isinstance(entry, Mapping) or not all(
                isinstance(entry.get(n, ""), str) for n in ("status", "message")
            ):
                raise ValueError(f"{task} has no status in words")
            metrics = entry.get("metrics", {})
            if "status" not in entry or not isinstance(metrics, Mapping) or not all(map(_is_metric, metrics.values())):
                raise ValueError(f"{task} has something else than numbers for metrics")

    def covers(self, tasks: Sequence[str]) -> bool:
        """Whether it is finished, with numbers for all of some tasks."""
        return self.status == "ok" and all(self.tasks.get(task, {}).get("status") == "ok" for task in tasks)


def read_result(run: ArmRun) -> RunResult | None:
    """What a run gave; None when it has not ended.

    Raises:
        UsageError: it was another configuration's.
        StorageFault: the file is damaged.
    """
    path = run.directory / RESULT
    if not path.is_file():
        return None
    try:
        result = RunResult(**strict_json.loads(path.read_bytes(), nan=True))
        result.check()
        saved = Config.from_dict(result.config)
    except (OSError, ValueError, TypeError, UsageError) as error:
        raise StorageFault(f"{path} cannot be read ({error}); remove it, and the run is done again") from error
    if saved != run.config:
        mine = run.config.as_dict()
        changed = [name for name, value in saved.as_dict().items() if mine[name] != value]
        raise UsageError(
            f"{path} is of another configuration ({', '.join(changed)} differ): choose another `--output`, or remove "
            "that directory"
        )
    return result


def write_result(run: ArmRun, result: RunResult) -> None:
    """Keep what a run gave.

    Raises:
        StorageFault: the directory cannot be written.
    """
    write_text(run.directory / RESULT, json.dumps(asdict(result), indent=1) + "\n", "the result of a run")


def json_lines(results: Iterable[RunResult]) -> str:
    """All runs, one JSON object a line, as `runs.jsonl` holds them."""
    return "".join(f"{json.dumps(asdict(result))}\n" for result in results)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_metric(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and _is_number(value.get("value"))
        and all(value.get(end) is None or _is_number(value[end]) for end in ("low", "high"))
    )
