"""Do the runs of an ablation, one after another, each resumable, a failing one without harm to the others."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from carl.ablation.plan import BEFORE, AblationPlan, ArmRun
from carl.ablation.results import EVALUATION, RESULT, RunResult, read_result, write_result
from carl.backbone import Start
from carl.checkpointing import has_state, remove_state, write_checkpoint
from carl.config import Config
from carl.curves import CURVES
from carl.encoding import embed
from carl.model import Backbone
from carl.provenance import RUN_RECORD, read_record
from carl.trainer import STATE, Trainer
from carl.training_data import TrainingData
from harness.errors import UsageError

if TYPE_CHECKING:
    from carl.ablation.evaluation import Evaluation
    from carl.development import DevelopmentData

#: The file that makes a directory a checkpoint.
_WEIGHTS = "model.safetensors"

#: Tokenised data sets that are kept in memory at once.
_KEPT = 2


@dataclass(frozen=True)
class Shared:
    """Training data, and what it depends on."""

    fields: Mapping[str, Any]
    """Fields of a configuration that decide the data, with the values they had."""
    data: TrainingData

    def fits(self, config: Config) -> bool:
        """Whether it is that configuration's data as well."""
        return all(getattr(config, name) == value for name, value in self.fields.items())


class Data:
    """Training data by configuration: runs whose configurations agree in all that decides the data share it.

    Args:
        read: reads and tokenises the texts of a configuration; only fields that it looks at decide.
    """

    def __init__(self, read: Callable[[Config], TrainingData]) -> None:
        self._read = read
        self._known: list[Shared] = []

    def of(self, config: Config) -> Shared:
        """The data of a configuration, read when no configuration before it had the same."""
        for known in self._known:
            if known.fits(config):
                return known
        watched = _Watched(config)
        data = self._read(cast(Config, watched))
        found = Shared(watched.read, data)
        self._known = [*self._known, found][-_KEPT:]
        return found


class _Watched:
    """A configuration that notes which of its fields are read."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.read: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._config, name)
        self.read[name] = value
        return value


class Progress(Protocol):
    """Is told how an ablation gets on."""

    def say(self, line: str) -> None:
        """One line for the user."""

    def ended(self, results: Mapping[ArmRun, RunResult]) -> None:
        """A run ended; all results so far."""


@dataclass
class Ablation:
    """An ablation under way.

    Args:
        plan: its runs.
        start: the backbone.
        data: reads training data.
        development: scores networks, None for none.
        evaluation: scores checkpoints through the harness, None for none.
        progress: whom to tell.
        device: `cpu`, `cuda`, ...
        compiler: see `Trainer`.
        keep_weights: leave checkpoints after they are scored.
    """

    plan: AblationPlan
    start: Start
    data: Data
    development: DevelopmentData | None
    evaluation: Evaluation | None
    progress: Progress
    device: str = "cpu"
    compiler: str | None = None
    keep_weights: bool = False
    stopping: bool = False
    results: dict[ArmRun, RunResult] = field(default_factory=dict)
    _trainer: Trainer | None = None

    def run(self, seconds: float | None = None) -> bool:
        """Do what is left to do.

        Args:
            seconds: time after which to save the state and return; a scoring that has begun is ended.

        Returns:
            Whether all runs have ended, failed ones included.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        self.results = {run: result for run in self.plan.runs if (result := read_result(run)) is not None}
        waiting = [run for run in self.plan.runs if not finished(run, self._tasks)]
        for place, run in enumerate(waiting, start=1):
            if self.stopping or (deadline is not None and time.monotonic() >= deadline):
                return False
            self.progress.say(f"{run.arm}, seed {run.seed}  ({place} of {len(waiting)})")
            # What all runs share fails before any of them begins.
            data = None if run.arm == BEFORE else self._data(run)
            try:
                ended = self._run(run, data, deadline)
            except Exception as error:  # one arm's failure, of whatever kind, must not take the others along
                self.progress.say(f"  FAILED: {type(error).__name__}: {error}")
                ended = RunResult(
                    arm=run.arm,
                    seed=run.seed,
                    status="failed",
                    config=run.config.as_dict(),
                    error=f"{type(error).__name__}: {error}",
                )
            if ended is None:
                return False
            write_result(run, ended)
            self.results[run] = ended
            self.progress.ended(self.results)
        return True

    def _data(self, run: ArmRun) -> TrainingData:
        """The training data of a run.

        Raises:
            UsageError: an earlier run that ought to have had the same had other data.
        """
        shared = self.data.of(run.config)
        for other, result in self.results.items():
            if result.data and shared.fits(other.config) and result.data != shared.data.digest:
                raise UsageError(
                    f"{other.directory} was trained on other texts, labels or weights than there are now; runs on "
                    "different data cannot be compared: choose another `--output`"
                )
        return shared.data

    def stop(self) -> None:
        """Save the state after the current step, or end after the scoring that is under way."""
        self.stopping = True
        if self._trainer is not None:
            self._trainer.stop()

    @property
    def _tasks(self) -> tuple[str, ...]:
        return () if self.evaluation is None else tuple(self.evaluation.tasks)

    def _run(self, run: ArmRun, data: TrainingData | None, deadline: float | None) -> RunResult | None:
        """Train and score; None when there was no time for it."""
        if not is_trained(run):
            if data is None:
                self._write_backbone(run)
            elif not self._train(run, data, deadline):
                return None
        if deadline is not None and time.monotonic() >= deadline:
            return None
        record = {} if data is None else read_record(run.directory)
        result = RunResult(
            arm=run.arm,
            seed=run.seed,
            status="ok",
            config=run.config.as_dict(),
            data="" if data is None else data.digest,
            training={name: record[name] for name in _TRAINING if name in record},
            development=self._scores_before() if data is None else record.get("scores", {}),
            tasks={} if self.evaluation is None else self.evaluation.scores(run.directory, self.progress.say),
        )
        if not self.keep_weights and result.covers(self._tasks):
            _remove_weights(run.directory)
        return result

    def _train(self, run: ArmRun, data: TrainingData, deadline: float | None) -> bool:
        trainer = Trainer(
            run.config,
            self.start,
            data,
            run.directory,
            device=self.device,
            development=self.development,
            compiler=self.compiler,
            report=lambda line: self.progress.say(f"  {line}"),
        )
        self._trainer = trainer
        try:
            if self.stopping:
                trainer.stop()
            if not trainer.run(seconds=None if deadline is None else deadline - time.monotonic()):
                return False
        finally:
            self._trainer = None
        # The state is ten times the size of the checkpoint, and the run is over.
        remove_state(trainer.state_path)
        return True

    def _backbone(self) -> Backbone:
        import torch

        with torch.random.fork_rng(devices=[]):
            backbone = Backbone(self.start.shape)
        backbone.load(self.start.tensors)
        return backbone.to(self.device)

    def _scores_before(self) -> dict[str, float]:
        import torch

        if self.development is None:
            return {}
        backbone = self._backbone()
        return self.development.scores(lambda items: embed(backbone, items, torch.device(self.device)))

    def _write_backbone(self, run: ArmRun) -> None:
        name = self.start.card.shown
        card = f"# {name}\n\nThe backbone as it was before training, read at the first token.\n"
        write_checkpoint(run.directory, self.start.tensors, self.start, card=card, record={"name": name}, hashes=[])


#: What the result of a run says of its training.
_TRAINING = ("step", "steps", "best_step", "seconds", "device", "versions")

#: What stays of a run without its weights: the result, the record, the curves, the harness's records.
_LEFT = (RESULT, RUN_RECORD, Path(CURVES).parts[0], EVALUATION)


def finished(run: ArmRun, tasks: tuple[str, ...]) -> bool:
    """Whether nothing is left to do for a run."""
    result = read_result(run)
    return result is not None and result.covers(tasks)


def is_trained(run: ArmRun) -> bool:
    """Whether a run's checkpoint is there: the last file that training writes, and weights of this configuration."""
    if not all((run.directory / name).is_file() for name in (_WEIGHTS, RUN_RECORD, "README.md")):
        return False
    return run.arm == BEFORE or read_record(run.directory).get("config") == run.config.as_dict()


def outlook(run: ArmRun, tasks: tuple[str, ...]) -> str:
    """What would be done for a run."""
    if finished(run, tasks):
        return "finished"
    if is_trained(run):
        return "score"
    if run.arm == BEFORE:
        return "score the backbone"
    return "go on training" if has_state(run.directory / STATE) else "train"


def _remove_weights(directory: Path) -> None:
    """Leave what says how the run went; without the weights the rest of a checkpoint is of no use."""
    for path in directory.iterdir():
        if path.name in _LEFT:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
