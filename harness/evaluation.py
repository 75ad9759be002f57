"""From names to records: the plan is models × tasks × seeds, and one loop measures it.

Every evaluation is independent and idempotent: measuring it twice changes nothing, and a killed run leaves finished
shards of vectors and finished records that the next run finds. A failed evaluation is recorded and leaves the others
alone.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from harness.contamination import inherited, judge
from harness.corpora import CorpusCard, CorpusRegistry, Examples
from harness.encoder import encode_checked
from harness.errors import (
    BenchError,
    DataInvalid,
    DataMissing,
    EncoderFault,
    NameTaken,
    NotApplicable,
    RecordInvalid,
    RecordNewer,
    UsageError,
)
from harness.files import PARTIAL, remove_leftovers, write_bytes
from harness.fingerprint import fingerprint_of
from harness.progress import Progress
from harness.record import Failure, ModelFacts, Record, ResultStore, environment
from harness.registry import EncoderPlugin, encoder_names, find_encoder, find_encoders, lineage, select_tasks
from harness.store import EmbeddingSpace, EmbeddingStore

if TYPE_CHECKING:
    from harness.encoder import Encoder
    from harness.tasks.base import Prepared, Task

    #: Does a plan: `measure` here, `harness.ray.measure` on a cluster. The last argument says whether to stop.
    Engine = Callable[[Sequence["Evaluation"], "Evaluator", Progress, Callable[[], bool]], list[Record]]

#: A shard holds at most this many texts and characters: what a kill can lose, seconds of work for a small model.
_SHARD_TEXTS = 2048
_SHARD_CHARACTERS = 400_000


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Everything that `bench run` may be told, except what to run."""

    results_dir: Path
    cache_dir: Path
    data_dir: Path | None = None
    device: str | None = None
    dtype: str | None = None
    batch_tokens: int | None = None
    weights_dirs: Mapping[str, Path] = field(default_factory=dict)
    """Encoder name (without pooling) → directory of its weights."""
    tokenizer_dirs: Mapping[str, Path] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    """Names of models that may run code of their own."""
    offline: bool = False
    fresh: bool = False
    """Encode and score again whatever is there."""
    fail_fast: bool = False
    limit: int | None = None
    """Use at most so many texts of each split, to try things out; records say so and are never ranked."""

    def __post_init__(self) -> None:
        """Make paths absolute: a plugin may change the working directory."""
        for name, value in list(vars(self).items()):
            if isinstance(value, Path):
                object.__setattr__(self, name, value.absolute())
            elif isinstance(value, Mapping):
                object.__setattr__(self, name, {model: path.absolute() for model, path in value.items()})


@dataclass(frozen=True)
class Evaluation:
    """One model on one task with one seed: what one record is about."""

    model: str
    task: str
    seed: int


@dataclass(frozen=True)
class RunReport:
    """How a run ended."""

    records: tuple[Record, ...]
    interrupted: bool = False
    unknown: tuple[str, ...] = ()
    """Models that were named by a hub id or path where there is none."""

    @property
    def failed(self) -> tuple[Record, ...]:
        """Evaluations that ought to have a number and have none."""
        return tuple(record for record in self.records if record.status == "failed")

    @property
    def missing(self) -> tuple[Record, ...]:
        """Evaluations whose model's weights or extras, or whose corpus, are not on this machine."""
        return tuple(record for record in self.records if record.status.endswith("-missing"))

    @property
    def exit_code(self) -> int:
        """0 done (or missing on this machine), 1 failed, 2 a model does not exist, 130 interrupted."""
        return 130 if self.interrupted else 2 if self.unknown else int(bool(self.failed))


def parse_shard(text: str) -> tuple[int, int]:
    """Read `i/n`.

    >>> parse_shard("2/3")
    (2, 3)

    Raises:
        UsageError: not two whole numbers, or not 1 ≤ i ≤ n.
    """
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and len(text) < 20 and 1 <= int(number) <= int(of)):
        raise UsageError(f"--shard takes i/n with 1 ≤ i ≤ n, e.g. 1/4 of four, not {text[:40]!r}")
    return int(number), int(of)


def default_suite(suite: str | None, tasks: Sequence[str], options: RunOptions) -> str | None:
    """The suite of a run that names none, and no tasks: `paper` where its data is here, else `quick`."""
    if suite is not None or tasks:
        return suite
    library = CorpusRegistry(options.data_dir, options.cache_dir, offline=options.offline)
    corpora = {name for task in select_tasks("paper", []).values() for name in task.corpora}
    return "paper" if any(library.status(name).available for name in corpora) else "quick"


def plan(
    models: Sequence[Any],
    options: RunOptions,
    *,
    suite: str | None = None,
    tasks: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    shard: str | None = None,
) -> tuple[list[Evaluation], Evaluator]:
    """What a run would do, model by model, and what does it; nothing is read or written.

    Args: as for `run`.

    Raises:
        UsageError: a name that does not exist.
    """
    if not models:
        raise UsageError("no model is named; `bench models` lists them, e.g. --models minilm,lexicon")
    part, of = (1, 1) if shard is None else parse_shard(shard)
    plugins = {plugin.name: plugin for plugin in find_encoders(models)}
    suite = default_suite(suite, tasks, options)
    chosen = select_tasks(suite, list(tasks))
    if not chosen:
        raise UsageError(f"suite {suite!r} has no tasks in this installation; `bench tasks` lists all")
    known = {name.partition("@")[0] for name in plugins}
    # A task may need the model that another was made from: its weights may be given as well.
    known |= {name for plugin in plugins.values() if (base := plugin.card.base) for name in (base, f"hf:{base}")}
    for name in (*options.weights_dirs, *options.tokenizer_dirs, *options.trusted):
        if name not in known:
            raise UsageError(f"a directory or trust is given for {name!r}, which is not among the models of this run")
    evaluations = [
        Evaluation(model, task, seed)
        for model in plugins
        for task, spec in chosen.items()
        for seed in (dict.fromkeys(seeds) if spec.stochastic else (0,))
    ]
    # Evaluations that need the same texts of a model stay together, so that no two machines encode them.
    pieces = list(dict.fromkeys((e.model, chosen[e.task].corpora[:1]) for e in evaluations))
    mine = set(pieces[part - 1 :: of])
    return [e for e in evaluations if (e.model, chosen[e.task].corpora[:1]) in mine], Evaluator(
        options, plugins, chosen
    )


def run(
    models: Sequence[Any],
    options: RunOptions,
    *,
    suite: str | None = None,
    tasks: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    shard: str | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> RunReport:
    """Measure models on tasks; what is measured already is not measured again, and what fails is recorded.

    Models, suite, tasks, seeds and shard are given as to `harness.run`. `progress` is told how the run gets on, None
    prints notices only; `engine` does the plan, None for `measure`, in this process.

    Raises:
        UsageError: a name that does not exist; nothing was done.
        StorageFault: the results directory cannot be written; nothing was done.
    """
    progress = progress or Progress()
    evaluations, evaluator = plan(models, options, suite=suite, tasks=tasks, seeds=seeds, shard=shard)
    # Find out before hours of work that results could not be saved.
    probe = options.results_dir / f"{PARTIAL}{secrets.token_hex(4)}"
    write_bytes(probe, b"", "results (--results-dir)")
    probe.unlink(missing_ok=True)
    remove_leftovers(options.results_dir, options.cache_dir)
    progress.begin(len(evaluations))
    try:
        with stopping_on_signals() as stopped:
            records = (engine or measure)(evaluations, evaluator, progress, stopped)
    except KeyboardInterrupt:
        return RunReport((), interrupted=True)
    finally:
        progress.end()
    without = {record.model.name for record in records if record.status == "weights-missing"}
    unknown = [name for name in without if evaluator.plugins[name].origin.startswith(("hf:", "st:"))]
    return RunReport(tuple(records), unknown=tuple(sorted(unknown)))


def measure(
    evaluations: Sequence[Evaluation],
    evaluator: Evaluator,
    progress: Progress,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Record]:
    """Measure evaluations in this process, in order; fewer come back after a failure under `fail_fast`.

    Raises:
        KeyboardInterrupt: interrupted; what was finished is recorded.
    """
    records: dict[Evaluation, Record] = {}
    for model, group in groupby(evaluations, key=lambda evaluation: evaluation.model):
        mine = list(group)
        progress.model(model, len(mine))
        evaluator.encoders.clear()
        with _preserved_state():
            for wait in (False, True):  # what another run is measuring comes last
                left = [evaluation for evaluation in mine if evaluation not in records]
                if wait and left:
                    progress.notice(f"{model}: {len(left)} evaluations are being measured by another run; waiting")
                for evaluation in left:
                    with evaluator.lock(evaluation, wait=wait) as free:
                        if not free:
                            continue
                        record, fresh = evaluator.evaluate(evaluation, progress, stopped)
                    records[evaluation] = record
                    progress.ended(record, fresh=fresh)
                    if stopped():
                        raise KeyboardInterrupt
                    if evaluator.options.fail_fast and record.status == "failed":
                        progress.notice("stopped at the first failure (--fail-fast); the same command continues")
                        return [records[done] for done in evaluations if done in records]
    return [records[evaluation] for evaluation in evaluations]


class EncoderCache:
    """Makes encoders by name, each once, and knows where their vectors are cached; adds backbones that tasks need."""

    def __init__(self, options: RunOptions, plugins: dict[str, EncoderPlugin]) -> None:
        self.options = options
        self.plugins = plugins
        self.store = EmbeddingStore(options.cache_dir, fresh=options.fresh)
        self._made: dict[tuple[str, int | None], tuple[Encoder, str]] = {}

    def clear(self) -> None:
        """Let all encoders go, with their weights."""
        self._made.clear()

    def get(self, model: str, max_length: int | None = None) -> tuple[Encoder, str]:
        """An encoder under a task's cut-off, with its fingerprint.

        Raises:
            WeightsMissing, ExtraMissing, UsageError, EncoderFault: it cannot be made here.
        """
        plugin = self.plugins[model]
        key = (model, max_length if plugin.accepts("max_length") else None)
        if key not in self._made:
            base = model.partition("@")[0]
            encoder = plugin.create(
                weights_dir=self.options.weights_dirs.get(base),
                tokenizer_dir=self.options.tokenizer_dirs.get(base),
                max_length=key[1],
                device=self.options.device,
                dtype=self.options.dtype,
                batch_tokens=self.options.batch_tokens,
                trust_remote_code=True if base in self.options.trusted else None,
            )
            self._made[key] = encoder, fingerprint_of(encoder)
        return self._made[key]

    def space(self, model: str, max_length: int | None) -> EmbeddingSpace:
        """Where the vectors of a model under a cut-off are cached."""
        encoder, fingerprint = self.get(model, max_length)
        said = described(encoder)
        return self.store.space(
            {
                "fingerprint": fingerprint,
                "pooling": said.get("pooling"),
                "max_length": said.get("max_length"),
                "dtype": said.get("dtype", "float32"),
                "backend": said.get("backend", ""),
                "device": str(said.get("device", "cpu")).partition(":")[0],
            }
        )

    def described(self, model: str, max_length: int | None) -> dict[str, Any]:
        """What an encoder says of itself, as it did when it made the cached vectors: most with its weights loaded."""
        return {**described(self.get(model, max_length)[0]), **self.space(model, max_length).description}

    def backbone(self, model: str) -> str:
        """Name of the encoder that a model was made from, with the model's pooling.

        Raises:
            NotApplicable: its card names none, or none that gives such vectors.
        """
        card = self.plugins[model].card
        if card.base is None:
            raise NotApplicable(f"{model}: not applicable: it was made from no other model (its card has no `base`)")
        spec = card.base if card.base in encoder_names() else f"hf:{card.base}"
        try:
            plugin = find_encoder(f"{spec}@{card.pooling}" if card.pooling else spec)
        except UsageError as error:
            raise NotApplicable(
                f"{model}: not applicable: no such vectors of its backbone {card.base}: {error}"
            ) from error
        self.plugins.setdefault(plugin.name, plugin)
        return plugin.name


class Evaluator:
    """Turns evaluations of models and tasks, given by name, into records: encodes what the cache lacks and scores."""

    def __init__(self, options: RunOptions, plugins: Mapping[str, EncoderPlugin], tasks: Mapping[str, Task]) -> None:
        self.options = options
        self.plugins = dict(plugins)
        self.tasks = tasks
        self.encoders = EncoderCache(options, self.plugins)
        self.results = ResultStore(options.results_dir)
        self._prepared: dict[str, Prepared] = {}
        self._said: set[str] = set()

    @cached_property
    def corpora(self) -> CorpusRegistry | LimitedLibrary:
        """Where tasks load their data from."""
        library = CorpusRegistry(self.options.data_dir, self.options.cache_dir, offline=self.options.offline)
        return library if self.options.limit is None else LimitedLibrary(library, self.options.limit)

    def evaluate(
        self, evaluation: Evaluation, progress: Progress, stopped: Callable[[], bool] = lambda: False
    ) -> tuple[Record, bool]:
        """The record of an evaluation, and whether it is new; whatever goes wrong becomes a record, too.

        Raises:
            KeyboardInterrupt: the run was asked to stop; nothing is recorded.
        """
        try:
            if (record := self.recorded(evaluation, progress)) is not None:
                return record, False
            seconds, encoded = self._encode(evaluation, progress)
            return self._score(evaluation, seconds, encoded), True
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may also call sys.exit, and a Rust library may panic
            # An interrupt while libraries load comes out as whatever they make of it.
            if stopped():
                raise KeyboardInterrupt from error
            record = self.failed(evaluation, error)
            # What is missing is said once, for all evaluations that need it.
            where = {"data-missing": "", "failed": f"{evaluation.model}, {evaluation.task}: "}
            reason = (str(error) or type(error).__name__).removeprefix(f"{evaluation.model}: ")
            message = where.get(record.status, f"{evaluation.model}: ") + reason
            if message not in self._said:
                self._said.add(message)
                progress.notice(message)
            return record, True

    @contextmanager
    def lock(self, evaluation: Evaluation, *, wait: bool) -> Iterator[bool]:
        """Keep other runs from encoding and scoring the same; gives False when another run holds the lock."""
        piece = f"{evaluation.model}\n{self.tasks[evaluation.task].corpora}".encode("utf-8", "backslashreplace")
        path = self.options.cache_dir / "locks" / f"{hashlib.blake2b(piece, digest_size=12).hexdigest()}.lock"
        lock = FileLock(path, timeout=-1 if wait else 0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            yield False
            return
        except (OSError, NotImplementedError):  # no lock can be made here: at worst the same is done twice
            yield True
            return
        try:
            yield True
        finally:
            lock.release()

    # What is there

    def recorded(self, evaluation: Evaluation, progress: Progress) -> Record | None:
        """The record of an evaluation that need not be measured again.

        It must be verified, measured by the same weights, in the same dtype, on the same data. No weights, and no
        corpus whose content is pinned, are loaded to find out. `fresh` measures everything again; that a result of
        other weights is replaced is said.

        Raises:
            NameTaken: the record is of other weights; without `fresh` it is not replaced.
        """
        record = self._existing(evaluation)
        if record is None or record.status != "ok":
            return None
        before = record.model.fingerprint
        fingerprint = self.encoders.get(evaluation.model, self.tasks[evaluation.task].max_length)[1]
        if before != fingerprint and not self.options.fresh:
            raise NameTaken(
                f"{self.options.results_dir} has a result of {evaluation.model} with other weights "
                f"(fingerprint {before[:12]}, now {fingerprint[:12]}): give this model a name of its own "
                "(--models NAME=PATH), or replace the result by --fresh"
            )
        if before != fingerprint:
            progress.notice(
                f"{evaluation.model}, {evaluation.task}: a result of other weights ({before[:12]}) is replaced"
            )
        current = not self.options.fresh and record.verified and self._same_backbone(evaluation, record)
        if self.plugins[evaluation.model].accepts("dtype"):
            current = current and record.model.dtype == (self.options.dtype or "float32")
        try:
            current = current and record.environment.get("corpora") == self.data_version(evaluation.task)
        except (DataMissing, DataInvalid):  # the evaluation will say so
            current = False
        return record if current else None

    def has_result(self, evaluation: Evaluation) -> bool:
        """Whether there is a result, of whatever weights and data."""
        with suppress(BenchError):
            existing = self._existing(evaluation)
            return existing is not None and existing.status == "ok"
        return False

    def _existing(self, evaluation: Evaluation) -> Record | None:
        """An evaluation's record; a damaged one counts as none.

        Raises:
            RecordNewer: a newer version of this program wrote it; it is not ours to replace.
        """
        try:
            return self.results.get(*self._blank(evaluation, "ok").key)
        except RecordNewer:
            raise
        except RecordInvalid as error:
            warnings.warn(f"{error}. The evaluation is measured again", stacklevel=2)
            return None

    def _same_backbone(self, evaluation: Evaluation, record: Record) -> bool:
        """Whether a record was measured against the backbone as it is now, where the task needs one."""
        task = self.tasks[evaluation.task]
        if not _against_backbone(task):
            return True
        try:
            name = self.encoders.backbone(evaluation.model)
            now = self.encoders.get(name, task.max_length)[1]
        except BenchError:  # its weights are not here: the result stays
            return True
        return bool(record.details.get("backbone") == {"name": name, "fingerprint": now})

    def data_version(self, task: str) -> str:
        """Digest of the data that a task's corpora must hold; corpora that pin their content are not read for it."""
        digest = hashlib.blake2b(digest_size=8)
        for corpus in self.tasks[task].corpora:
            card = self.corpora.card(corpus)
            known = {} if self.options.limit else card.checksums
            for split in card.rows:
                content = known.get(split) or self.corpora.load(corpus, split).fingerprint
                digest.update(f"{corpus}:{split}:{content};".encode())
        return digest.hexdigest()

    def prepared(self, task: str) -> Prepared:
        """A task with its data, loaded once.

        Raises:
            DataMissing, DataInvalid: the corpus is not there or not the published one.
        """
        if task not in self._prepared:
            self._prepared[task] = self.tasks[task].prepare(self.corpora)
        return self._prepared[task]

    # Measuring

    def _encode(self, evaluation: Evaluation, progress: Progress) -> tuple[float, int]:
        """Encode the texts that the cache lacks: seconds, and how many texts of the model's own."""
        task = self.tasks[evaluation.task]
        self.encoders.get(evaluation.model, task.max_length)  # what it lacks is told before what the corpus lacks
        prepared, models = self.prepared(evaluation.task), [evaluation.model]
        if _against_backbone(task):
            models.append(self.encoders.backbone(evaluation.model))
        seconds, encoded = 0.0, 0
        for model in models:
            encoder, _ = self.encoders.get(model, task.max_length)
            space = self.encoders.space(model, task.max_length)
            space.refresh()
            missing, done, start = space.missing(prepared.texts), 0, time.perf_counter()
            what = f"{model}, {task.name}/{task.corpus}"
            for shard in shards(missing):
                space.add(shard, encode_checked(encoder, shard))
                done += len(shard)
                progress.encoding(what, done, len(missing), time.perf_counter() - start)
            if missing:
                space.describe(described(encoder))
                seconds += time.perf_counter() - start
            encoded += done if model == evaluation.model else 0
        return seconds, encoded

    def _score(self, evaluation: Evaluation, encode_seconds: float, encoded: int) -> Record:
        """Score an evaluation whose texts are encoded, and save its record."""
        task, prepared = self.tasks[evaluation.task], self.prepared(evaluation.task)
        vectors = self.encoders.space(evaluation.model, task.max_length).gather(prepared.texts)
        start = time.perf_counter()
        if _against_backbone(task):
            name = self.encoders.backbone(evaluation.model)
            theirs = self.encoders.space(name, task.max_length).gather(prepared.texts)
            outcome = prepared.evaluate_against(vectors, theirs, evaluation.seed)
            backbone = {"name": name, "fingerprint": self.encoders.get(name, task.max_length)[1]}
            outcome = replace(outcome, details={**outcome.details, "backbone": backbone})
        else:
            outcome = prepared.evaluate(vectors, evaluation.seed)
        seconds = time.perf_counter() - start
        said = self.encoders.described(evaluation.model, task.max_length)
        more = {name: value for name, value in said.items() if name not in _OWN_FIELDS}
        blank = self._blank(evaluation, "ok")
        record = replace(
            blank,
            model=replace(
                blank.model,
                # A causal model's pooling is found out by loading it.
                pooling=blank.model.pooling and said.get("pooling", blank.model.pooling),
                fingerprint=self.encoders.get(evaluation.model, task.max_length)[1],
                max_length=said.get("max_length"),
                dtype=str(said.get("dtype", "float32")),
                backend=str(said.get("backend", "")),
                dimensions=said.get("dimensions", blank.model.dimensions) or int(vectors.shape[1]),
                parameters=said.get("parameters", blank.model.parameters),
            ),
            data=prepared.fingerprint,
            metrics=dict(outcome.metrics),
            counts={name: int(value) for name, value in outcome.counts.items()},
            details={**blank.details, **outcome.details, **({"encoder": more} if more else {})},
            timings={"encode": encode_seconds, "score": seconds, "texts_encoded": float(encoded)},
            environment={
                **environment(),
                "corpora": self.data_version(evaluation.task),
                "device": str(said.get("device", "cpu")),
            },
        )
        self.results.save(record, outcome.predictions)
        return record

    def failed(self, evaluation: Evaluation, error: BaseException) -> Record:
        """Record that an evaluation has no number.

        Results that are not ours to replace stay, as do results of a model whose weights are gone.
        """
        status = error.status if isinstance(error, BenchError) else "failed"
        shown = isinstance(error, BenchError) and not isinstance(error, EncoderFault)
        failure = Failure(kind=type(error).__name__, message=str(error), traceback="" if shown else _traceback(error))
        record = replace(self._blank(evaluation, status), environment=environment(), failure=failure)
        if isinstance(error, RecordNewer | NameTaken):
            return record
        existing = self._existing(evaluation)
        if status == "failed" or existing is None or existing.status != "ok":
            self.results.save(record)
        return record

    def _blank(self, evaluation: Evaluation, status: str) -> Record:
        task, card, limit = self.tasks[evaluation.task], self.plugins[evaluation.model].card, self.options.limit
        return Record(
            model=ModelFacts(
                name=evaluation.model,
                title=card.shown,
                **{name: getattr(card, name) for name in _OF_CARDS},
            ),
            task=task.name,
            corpus=task.corpus,
            # A protocol of its own: no table ever mixes it with the whole corpus.
            protocol=task.protocol if limit is None else f"{task.protocol}+limit-{limit}",
            split=task.split,
            seed=evaluation.seed,
            status=status,
            details={} if limit is None else {"limit": limit},
            contamination=judge(inherited([card, *(base.card for base in lineage(card))]), task.corpus),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )


class LimitedLibrary:
    """At most so many texts of each split of a corpus, spread evenly over it, as `--limit` asks for."""

    def __init__(self, library: CorpusRegistry, limit: int) -> None:
        self._library = library
        self._limit = limit

    def card(self, name: str) -> CorpusCard:
        """The whole corpus's card."""
        return self._library.card(name)

    def load(self, name: str, split: str) -> Examples:
        """Some examples of a split; see `CorpusRegistry.load`."""
        whole = self._library.load(name, split)
        if len(whole) <= self._limit:
            return whole
        rows = np.linspace(0, len(whole) - 1, self._limit).round().astype(int)
        return replace(
            whole,
            texts=tuple(whole.texts[i] for i in rows),
            ids=tuple(whole.ids[i] for i in rows),
            labels={label: column[rows] for label, column in whole.labels.items()},
            groups=None if whole.groups is None else tuple(whole.groups[i] for i in rows),
            raters=None if whole.raters is None else {label: marks[rows] for label, marks in whole.raters.items()},
        )


def shards(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut texts, longest first, into parts that are encoded and stored at once.

    Texts of like length stand together, so that batches within a part are even; the longest come first, so that
    memory fails early.
    """
    part: list[str] = []
    characters = 0
    for text in sorted(texts, key=len, reverse=True):
        if part and (len(part) >= _SHARD_TEXTS or characters + len(text) > _SHARD_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part


def described(encoder: Encoder) -> dict[str, Any]:
    """What an encoder says of itself; empty when it says nothing."""
    describe = getattr(encoder, "describe", None)
    return dict(describe()) if callable(describe) else {}


#: What a record says of a model in its card's words.
_OF_CARDS = ["family", "base", "pooling", "max_length", "dimensions", "parameters", "weights", "revision", "licence"]
#: What `describe` says that stands in a record's own fields.
_OWN_FIELDS = {"pooling", "max_length", "dtype", "backend", "device", "dimensions", "parameters"}


def _against_backbone(task: Task) -> bool:
    # Tasks of other distributions need not know of backbones.
    return bool(getattr(task, "against_backbone", False))


def _traceback(error: BaseException) -> str:
    """The traceback with file names in place of paths: a record says nothing of the machine's folders."""
    cause = error.__cause__ or error
    lines = [
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line or ''}".rstrip()
        for frame in traceback.extract_tb(cause.__traceback__)
    ]
    return "\n".join([*lines, f"{type(cause).__name__}: {cause}"])


@contextmanager
def stopping_on_signals() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM interrupt, and remember it: what they interrupt may lose the exception or change it.

    Yields:
        Whether a signal came.
    """
    came = False

    def interrupt(*_: object) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _preserved_state() -> Iterator[None]:
    """Undo what a plugin does to the process: working directory, torch's threads and dtype, random generators."""
    import torch

    directory, threads, dtype = Path.cwd(), torch.get_num_threads(), torch.get_default_dtype()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        with suppress(OSError):
            os.chdir(directory)
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
