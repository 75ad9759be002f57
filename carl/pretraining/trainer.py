"""The pretraining loop: optimiser, schedule, curves, states and exact resumption.

Rows, masks and dropout of a batch are functions of the seed and the batch's number, the learning rate a function of the
step: a state holds weights, optimiser and counters, and a resumed run on a CPU continues bit by bit as the
uninterrupted one would have.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from carl.backbone import Start
from carl.checkpointing import fits_run, has_state, read_state, restore_optimiser, write_checkpoint, write_state
from carl.curves import Curves
from carl.model import Backbone
from carl.pretraining.batching import Batches
from carl.pretraining.card import pretraining_card, pretraining_record
from carl.pretraining.compact import compact, expand
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.encoded import EncodedCorpus
from carl.pretraining.masking import affect_weights
from carl.pretraining.network import PackedEncoder, Pretrained
from carl.pretraining.objective import PretrainingObjective
from carl.pretraining.operations import step_operations
from carl.pretraining.vocabulary import byte_strings
from carl.watching import duration
from harness.errors import UsageError, WeightsInvalid

#: Subfolder of the output with state, curves, vocabulary and tokenised corpus.
WORK = "training"


@dataclass
class PretrainingProgress:
    """Where a run is."""

    step: int = 0
    """Optimiser steps done."""
    seconds: float = 0.0
    """Spent on steps, looks at held-out texts included."""
    tokens: int = 0
    """Real tokens of all batches."""
    operations: int = 0
    """Floating-point operations of all batches, counted from the sizes."""

    def check(self, steps: int) -> None:
        """Refuse what no run of so many steps wrote.

        Raises:
            ValueError: says what it is.
        """
        if type(self.step) is not int or not 0 <= self.step <= steps:
            raise ValueError(f"it is at step {self.step} of {steps}")
        if not all(isinstance(value, int | float) for value in (self.seconds, self.tokens, self.operations)):
            raise ValueError("its seconds, tokens or operations are no numbers")


def linear_rate(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate: linear warm-up, then linear to 0 (Liu et al. 2019).

    Args:
        step: from 0 to steps − 1.
        steps: of the whole schedule.
        warmup: share of them in which the rate rises.

    >>> [linear_rate(step, 10, 0.2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.125]
    """
    rising = int(np.ceil(warmup * steps - 1e-9))
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / max(steps - rising, 1)


class Pretrainer:
    """One pretraining run on one device.

    Args:
        config: everything that decides the result.
        start: weights and vocabulary to begin with.
        corpus: tokenised by that vocabulary.
        output: directory of the checkpoint; state and curves go to `training/` in it.
        teacher: encoder whose weights were transferred or that is distilled; None without either.
        device: `cpu`, `cuda`, ...
        piece_size: most bytes in a piece of the state; None writes it whole.
        compact_state: write states of a sixth of the size, from which a run does not go on bit by bit.
        report: gets a line of text at every measurement.

    Raises:
        UsageError: the teacher and the encoder do not fit together, or rows are longer than they take.
    """

    def __init__(
        self,
        config: PretrainingConfig,
        start: Start,
        corpus: EncodedCorpus,
        output: Path,
        *,
        teacher: Start | None = None,
        device: str = "cpu",
        piece_size: int | None = None,
        compact_state: bool = False,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        _check(config, start, teacher)
        self.config = config
        self.start = start
        self.corpus = corpus
        self.origin = teacher
        self.teacher = teacher if config.distils else None
        self.output = output
        self.device = torch.device(device)
        self.piece_size = piece_size
        self.compact_state = compact_state
        self.report = report
        self.progress = PretrainingProgress()
        self.held_out: dict[str, float] = {}
        self.stopping = False
        # Seconds, tokens and operations at the line before; step and seconds when this part of the run began.
        self._before: tuple[float, int, int] = (0.0, 0, 0)
        self._began_at: tuple[int, float] = (0, 0.0)
        self.batches = Batches(
            corpus,
            config,
            teacher_padding=self.teacher.shape.padding if self.teacher is not None else 0,
            ahead=self.device.type == "cuda",
        )
        back = config.distil_layers if self.teacher is not None else ()
        with self._own_randomness():
            torch.manual_seed(config.seed)
            backbone = Backbone(start.shape, config.dropout)
            backbone.load(start.tensors)
            self.model = Pretrained(backbone, [start.shape.layers - k for k in back]).to(self.device)
        self.objective = PretrainingObjective(
            self.model,
            _frozen(self.teacher, config.distil_layers, self.device),
            affect_weights(byte_strings(start.tokenizer), config.affect_weight),
            config,
            self.device,
        )
        self.optimiser = self._optimiser()

    def _optimiser(self) -> torch.optim.AdamW:
        config = self.config
        unused = set() if config.rating_weight else {"rating.weight", "rating.bias"}
        if not config.masks:
            unused |= {name for name, _ in self.model.trainable() if name.startswith("masked.")}
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
        for name, parameter in self.model.trainable():
            if name not in unused:
                new = ".word_embeddings." in name or not name.startswith("encoder.")
                groups.setdefault((new, parameter.ndim > 1), []).append(parameter)
        return torch.optim.AdamW(
            [
                {
                    "params": parameters,
                    "peak": config.learning_rate * (config.embedding_rate if new else 1.0),
                    "weight_decay": config.weight_decay if matrix else 0.0,
                }
                for (new, matrix), parameters in sorted(groups.items(), key=lambda entry: entry[0])
            ],
            lr=config.learning_rate,
            betas=(0.9, config.beta2),
            eps=1e-6,
            fused=True if self.device.type == "cuda" else None,
        )

    # What a run consists of

    def run(self, *, until: int | None = None, seconds: float | None = None) -> bool:
        """Train to the end, from the saved state if there is one, and write the checkpoint.

        Args:
            until: step after which to stop and save the state; None goes to the end.
            seconds: time after which to do so. The schedule does not depend on it.

        Returns:
            Whether the run is complete. It is not when `until`, `seconds` or `stop` ended it before.

        Raises:
            UsageError: the saved state belongs to another configuration or to other data.
        """
        began = time.perf_counter()
        if has_state(self.state_path):
            self.restore()
        curves = Curves(self.output / WORK / "curves.jsonl", self.progress.step)
        last = min(until or self.config.steps, self.config.steps)
        with self._own_randomness():
            self.model.train()
            if self.progress.step == 0:
                self._look(curves)
            while self.progress.step < last and not self.stopping:
                self._advance(curves)
                if seconds is not None and time.perf_counter() - began > seconds:
                    break
                if self.progress.step % self.config.save_every == 0 and self.progress.step < last:
                    self.save()
        self.save()
        if self.progress.step < self.config.steps:
            return False
        self.write()
        return True

    def stop(self) -> None:
        """Ask the run to save its state after the current step and to return."""
        self.stopping = True

    def _advance(self, curves: Curves) -> None:
        """Optimiser steps up to the next line of the curves, and what is due after each."""
        step = self.progress.step
        began = time.perf_counter()
        measures = self._update(step)
        progress = self.progress
        progress.step = step + 1
        shown = (step + 1) % self.config.log_every == 0 or step + 1 == self.config.steps
        line = {name: float(value) for name, value in measures.items()} if shown else {}
        if not all(map(math.isfinite, line.values())):
            raise WeightsInvalid(
                f"training diverged before step {step + 1} ({', '.join(f'{n} {v:g}' for n, v in line.items())}): begin "
                "again with a lower `learning_rate`"
            )
        progress.seconds += time.perf_counter() - began
        if shown:
            self._log(curves, {**line, "learning_rate": self.optimiser.param_groups[0]["lr"], **self._pace()})
        if (step + 1) % self.config.evaluate_every == 0 or step + 1 == self.config.steps:
            began = time.perf_counter()
            self._look(curves)
            progress.seconds += time.perf_counter() - began

    def _update(self, step: int) -> dict[str, torch.Tensor]:
        config = self.config
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * linear_rate(step, config.steps, config.warmup)
        measures: dict[str, torch.Tensor] = {}
        for place in range(config.accumulation):
            number = step * config.accumulation + place
            batch, work = self.batches.batch(number)
            torch.manual_seed(_mixed(config.seed, number))
            measures = self.objective.backward(
                batch.to(self.device), self._generator(number), scale=1 / config.accumulation
            )
            masked_rows = len(batch.masked.ids) if batch.masked is not None else 0
            self.progress.tokens += work.tokens
            self.progress.operations += step_operations(
                self.start.shape,
                self.teacher.shape if self.teacher is not None else None,
                work,
                round(config.masked * masked_rows * config.max_length),
            )
        if config.clip:
            parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
            measures["gradient_norm"] = torch.nn.utils.clip_grad_norm_(parameters, config.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return measures

    def _generator(self, number: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(_mixed(self.config.seed, number))

    # Watching

    def _pace(self) -> dict[str, float]:
        """Tokens and operations a second since the line before; unreliable at the first line after a start."""
        progress = self.progress
        seconds, tokens, operations = self._before
        passed = max(progress.seconds - seconds, 1e-9)
        self._before = (progress.seconds, progress.tokens, progress.operations)
        return {
            "tokens_per_second": round((progress.tokens - tokens) / passed, 1),
            "tflops": round((progress.operations - operations) / passed / 1e12, 4),
        }

    def _look(self, curves: Curves) -> None:
        """Measure held-out rows, always under the same masks."""
        found = self.objective.held_out(self.batches.held_out(), self._generator(0))
        self.held_out = {name: round(value, 6) for name, value in found.items()}
        self._log(curves, {f"held_out_{name}": value for name, value in self.held_out.items()})
        self._before = (self.progress.seconds, self.progress.tokens, self.progress.operations)

    def _log(self, curves: Curves, measures: dict[str, float]) -> None:
        progress = self.progress
        curves.add(
            {"step": progress.step, "seconds": round(progress.seconds, 3), "tokens": progress.tokens, **measures}
        )
        shown = "  ".join(f"{name} {value:.4g}" for name, value in measures.items())
        done = progress.step - self._began_at[0]
        left = ""
        if done and progress.step < self.config.steps:
            each = (progress.seconds - self._began_at[1]) / done
            left = f", {duration(each * (self.config.steps - progress.step))} left"
        share = 100 * progress.step / self.config.steps
        self.report(
            f"step {progress.step}/{self.config.steps}  {share:3.0f} %  {duration(progress.seconds)}{left}  {shown}"
        )

    # Files

    @property
    def state_path(self) -> Path:
        """The file, or the name of the pieces, from which a run goes on."""
        return self.output / WORK / "state.pt"

    def save(self) -> None:
        """Write the state of the run, whole or in pieces."""
        model, optimiser = self.model.state_dict(), self.optimiser.state_dict()
        if self.compact_state:
            model, optimiser = compact(model, optimiser)
        write_state(
            self.state_path,
            {
                "config": self.config.as_dict(),
                "data": self._fingerprint,
                "progress": dict(vars(self.progress)),
                "held_out": self.held_out,
                "compact": self.compact_state,
                "model": model,
                "optimiser": optimiser,
            },
            self.piece_size,
        )

    def restore(self) -> None:
        """Go on from the saved state.

        Raises:
            UsageError: it belongs to another configuration or to other data.
            StorageFault: it is damaged.
        """
        state = read_state(self.state_path)
        with fits_run(self.state_path):
            saved, data = PretrainingConfig.from_dict(state["config"]), state["data"]
        if saved != self.config:
            mine, other = self.config.as_dict(), saved.as_dict()
            changed = [name for name in mine if mine[name] != other[name]]
            raise UsageError(
                f"{self.state_path} belongs to another configuration ({', '.join(changed)} differ): choose another "
                "`--output`, or pass `--fresh` to begin again"
            )
        if data != self._fingerprint:
            raise UsageError(
                f"{self.state_path} belongs to a run on another corpus, vocabulary or teacher: choose another "
                "`--output`, or pass `--fresh` to begin again"
            )
        with fits_run(self.state_path):
            model, optimiser = state["model"], state["optimiser"]
            if state["compact"]:
                model, optimiser = expand(model, optimiser)
            self.model.load_state_dict(model)
            restore_optimiser(self.optimiser, optimiser)
            self.progress = PretrainingProgress(**state["progress"])
            self.progress.check(self.config.steps)
            self.held_out = {str(name): float(value) for name, value in state["held_out"].items()}
        self._before = (self.progress.seconds, self.progress.tokens, self.progress.operations)
        self._began_at = (self.progress.step, self.progress.seconds)

    def write(self) -> None:
        """Write the checkpoint: the last step's encoder."""
        record = pretraining_record(
            self.config,
            self.start,
            self.corpus,
            teacher=self.origin,
            progress=dict(vars(self.progress)),
            held_out=self.held_out,
            filled=self.batches.filled,
            device=self.device,
        )
        write_checkpoint(
            self.output,
            dict(self.model.backbone.state_dict()),
            self.start,
            card=pretraining_card(record),
            record=record,
            hashes=self.corpus.rated_hashes if self.config.rating_weight else None,
        )

    @cached_property
    def _fingerprint(self) -> str:
        """Content digest of the corpus's token ids and of the starting weights."""
        digest = hashlib.blake2b(self.corpus.digest.encode(), digest_size=16)
        for name in sorted(self.start.tensors):
            digest.update(name.encode() + self.start.tensors[name].float().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _own_randomness(self) -> Any:
        """Leave the caller's random generators as they were."""
        return torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else [])


def _check(config: PretrainingConfig, start: Start, teacher: Start | None) -> None:
    if config.max_length > start.shape.max_tokens:
        raise UsageError(f"max_length is {config.max_length}, the encoder takes {start.shape.max_tokens} tokens")
    if not config.distils:
        return
    if teacher is None:
        raise UsageError("distillation needs a teacher")
    if teacher.shape.hidden != start.shape.hidden:
        raise UsageError(
            f"the teacher's vectors have {teacher.shape.hidden} numbers, the encoder's {start.shape.hidden}; "
            "pass `--set distil_weight=0`, or sizes that fit"
        )
    if (earliest := max(config.distil_layers)) >= min(teacher.shape.layers, start.shape.layers):
        raise UsageError(
            f"distil_layers goes back {earliest} layers; the teacher has {teacher.shape.layers}, the encoder "
            f"{start.shape.layers}"
        )


def _frozen(teacher: Start | None, back: tuple[int, ...], device: torch.device) -> PackedEncoder | None:
    if teacher is None:
        return None
    backbone = Backbone(teacher.shape)
    backbone.load(teacher.tensors)
    layers = [teacher.shape.layers - k for k in back]
    return PackedEncoder(backbone, layers).requires_grad_(False).eval().to(device)


def _mixed(seed: int, number: int) -> int:
    """A seed for each batch of each run."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] >> 1)
