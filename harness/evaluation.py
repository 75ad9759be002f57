"""From names to records: the plan is models × tasks × seeds, and one loop measures it.

Every evaluation is independent and idempotent: measuring it twice changes nothing, and a killed run leaves finished
shards of vectors and finished records that the next run finds. A failed evaluation is recorded and leaves the others
alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, DirectoryPath, Field, PositiveInt

from harness.contamination import inherited, judge
from harness.corpora import CorpusRegistry
from harness.encoder import Encoder, check_vectors, encode_checked, fingerprint_of
from harness.errors import (
    BenchError,
    DataInvalid,
    DataMissing,
    EncoderFault,
    NameTaken,
    RecordInvalid,
    RecordNewer,
    UsageError,
    unknown_name,
)
from harness.files import PARTIAL, RESULTS_DIR, cache_root, write_bytes
from harness.progress import Progress
from harness.record import Failure, ModelFacts, Record, ResultStore, environment
from harness.registry import EncoderPlugin, encoder_names, find_encoders, lineage, select_tasks, with_prompts
from harness.registry import tasks as every_task
from harness.service import estimated_tokens
from harness.store import EmbeddingSpace, open_space
from harness.tasks.base import Prepared, Task
from harness.variants import reduce_vectors, varied_fingerprint, vector_bytes

#: Measures a plan: `measure` here, `harness.ray.measure` on a cluster.
Engine = Callable[["Evaluator", Progress], list[Record]]

#: Texts that are encoded and stored at once: what a kill can lose, seconds of work for a small model.
_SHARD = 1024

_Names = Annotated[
    tuple[Any, ...], BeforeValidator(lambda names: names if isinstance(names, list | tuple) else [names])
]
#: A plugin may change the working directory.
_Folder = Annotated[DirectoryPath, AfterValidator(Path.absolute)]
_Place = Annotated[Path, AfterValidator(Path.absolute)]
#: Task family → prompt; one text alone is for all families.
_Prompts = Annotated[dict[str, str], BeforeValidator(lambda given: {"": given} if isinstance(given, str) else given)]


class RunOptions(BaseModel):
    """What a run may be told: the arguments of `harness.run`, which says what they mean, and the keys of a run file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: _Names = ()
    tasks: _Names = ()
    suite: str | None = None
    data_dir: _Folder | None = None
    results_dir: _Place = Field(RESULTS_DIR, validate_default=True)
    cache_dir: _Place = Field(default_factory=cache_root)
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0, 1, 2)
    device: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    batch_tokens: PositiveInt | None = None
    limit: PositiveInt | None = None
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    workers: PositiveInt | None = None
    shard: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}/[1-9]\d{0,8}$")] | None = None
    weights_dirs: dict[str, _Folder] = {}
    tokenizer_dirs: dict[str, _Folder] = {}
    trust_remote_code: tuple[str, ...] = ()
    prompts: dict[str, _Prompts] = {}
    base_url: str | None = None
    price: Annotated[float, Field(ge=0)] | None = None
    offline: bool = False
    fresh: bool = False
    fail_fast: bool = False


@dataclass(frozen=True)
class Evaluation:
    """One model on one task with one seed: what one record is about."""

    model: str
    task: str
    seed: int


def plan(options: RunOptions) -> Evaluator:
    """What a run would do, model by model; nothing is read or written.

    Raises:
        UsageError: a name that does not exist, or options that do not fit together.
    """
    if not options.models:
        raise UsageError("no model is named; `bench models` lists them, e.g. --models minilm,lexicon")
    if options.engine != "ray" and (options.address or options.workers):
        raise UsageError("address and workers are those of a Ray cluster: add --engine ray")
    part, of = map(int, (options.shard or "1/1").split("/"))
    if part > of:
        raise UsageError(f"a shard is i/n with i from 1 to n, e.g. 1/4, not {options.shard}")
    found = [with_prompts(plugin, options.prompts) for plugin in find_encoders(options.models)]
    plugins = {plugin.name: plugin for plugin in found}
    suite = options.suite
    if suite is None and not options.tasks:
        library = CorpusRegistry(options.data_dir, options.cache_dir, offline=options.offline)
        corpora = {name for task in select_tasks("paper", []).values() for name in task.corpora}
        suite = "paper" if any(library.status(name).available for name in corpora) else "quick"
    tasks = select_tasks(suite, list(options.tasks))
    known = {name.partition("@")[0] for name in plugins}
    for name in (*options.weights_dirs, *options.tokenizer_dirs, *options.trust_remote_code, *options.prompts):
        if name not in known:
            plain = name.partition("@")[0]
            hint = f": give it for {plain}, all of its vectors" if plain in known else ""
            raise UsageError(f"an option is given for {name!r}, which is not an encoder of this run{hint}")
    for family in {family for prompts in options.prompts.values() for family in prompts} - {""}:
        if family not in (families := sorted({task.name for task in every_task().values()})):
            raise unknown_name("task family of a prompt", family, families)
    evaluations = [
        Evaluation(model, task, seed)
        for model in plugins
        for task, spec in tasks.items()
        for seed in (dict.fromkeys(options.seeds) if spec.stochastic else (0,))
    ]
    whole = Evaluator(options, plugins, tasks, evaluations, suite)
    mine = set(list(dict.fromkeys(map(whole.piece, evaluations)))[part - 1 :: of])
    return replace(whole, evaluations=[one for one in evaluations if whole.piece(one) in mine])


def run(evaluator: Evaluator, progress: Progress, engine: Engine | None = None) -> list[Record]:
    """Measure a plan by an engine, None for `measure`; what is recorded stays, and what fails is recorded.

    Raises:
        StorageFault: the results directory cannot be written; nothing was done.
        KeyboardInterrupt: interrupted; what was finished is recorded.
    """
    options = evaluator.options
    # Find out before hours of work that results could not be saved.
    probe = options.results_dir / f"{PARTIAL}{secrets.token_hex(4)}"
    write_bytes(probe, b"", "results (--results-dir)")
    probe.unlink(missing_ok=True)
    progress.begin(Counter(evaluation.model for evaluation in evaluator.evaluations))
    if evaluator.suite == "quick" and not (options.suite or options.tasks):
        progress.notice(
            "suite quick, on real ratings of texts, because no corpus of the paper is here; `bench data` shows "
            "where to get them; --data-dir DIR or AFFECTBENCH_DATA points to your copies"
        )
    try:
        with stopping_on_signals(progress):
            records = (engine or measure)(evaluator, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted ({progress.counted}); what was measured is kept") from None
    finally:
        progress.close()
    progress.summary(options.results_dir)
    return records


def measure(evaluator: Evaluator, progress: Progress) -> list[Record]:
    """Measure a plan in this process, in order; fewer records come back after a failure under `fail_fast`.

    Raises:
        KeyboardInterrupt: interrupted; what was finished is recorded.
    """
    records = []
    for _, group in groupby(evaluator.evaluations, key=lambda evaluation: evaluation.model):
        with evaluator.after_model as after:
            after.callback(evaluator.encoders.clear)
            after.callback(os.chdir, Path.cwd())
            after.callback(random.setstate, random.getstate())
            after.callback(np.random.set_state, np.random.get_state())
            for evaluation in group:
                with evaluator.lock(evaluation, progress):
                    record, fresh = evaluator.evaluate(evaluation, progress)
                records.append(record)
                progress.ended(record, fresh=fresh)
                if progress.stopped:
                    raise KeyboardInterrupt
                if evaluator.options.fail_fast and record.status == "failed":
                    progress.notice("stopped at the first failure (--fail-fast); the same command continues")
                    return records
    return records


@dataclass
class Evaluator:
    """A plan, and what turns its evaluations into records: encodes what the cache lacks, and scores."""

    options: RunOptions
    plugins: dict[str, EncoderPlugin]
    """Model → its encoder."""
    tasks: Mapping[str, Task]
    evaluations: list[Evaluation]
    """The plan, models one after the other."""
    suite: str | None = None

    def __post_init__(self) -> None:
        options = self.options
        self.results = ResultStore(options.results_dir)
        self.corpora = CorpusRegistry(options.data_dir, options.cache_dir, offline=options.offline, limit=options.limit)
        self.encoders: dict[tuple[str, int | None], tuple[Encoder, str]] = {}
        """(Model, cut-off) → encoder and its fingerprint."""
        self.after_model = ExitStack()
        """Drops a model's weights, and sets back what its plugin may have changed: other models' digits follow."""
        self._spaces: dict[str, EmbeddingSpace] = {}
        self._prepared: dict[str, Prepared] = {}

    def piece(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Model and first corpus: evaluations that share them need the same texts, which one process encodes."""
        return evaluation.model, *self.tasks[evaluation.task].corpora[:1]

    def evaluate(self, evaluation: Evaluation, progress: Progress) -> tuple[Record, bool]:
        """The record of an evaluation, and whether it is new; whatever goes wrong becomes a record, too.

        Raises:
            KeyboardInterrupt: the run was asked to stop; nothing is recorded.
        """
        try:
            if (record := self.recorded(evaluation, progress)) is not None:
                return record, False
            return self._measured(evaluation, progress), True
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may also call sys.exit, and a Rust library may panic
            # An interrupt while libraries load comes out as whatever they make of it.
            if progress.stopped:
                raise KeyboardInterrupt from error
            record, model = self.failed(evaluation, error), evaluation.model
            # What is missing, or wrong with a model or an option, is said once, for all evaluations that it stops.
            apart = not isinstance(error, BenchError) or isinstance(error, EncoderFault | RecordInvalid)
            known = "" if record.status == "data-missing" else f"{model}: "
            where = f"{model}, {evaluation.task}: " if apart else known
            # The text of a KeyError is the key alone.
            message = f"{type(error).__name__}: {error}" if isinstance(error, LookupError) else str(error)
            reason = (message or type(error).__name__).removeprefix(f"{model}: ")
            public = record.status == "weights-missing" and model.partition("@")[0] in encoder_names()
            way = f" (`bench weights {model}` fetches what is public)" if public else ""
            if self.options.limit and isinstance(error, RecordInvalid):
                reason = "what came out cannot be recorded"
            if self.options.limit and isinstance(error, ValueError | ArithmeticError | RecordInvalid):
                way = f" (--limit {self.options.limit} may be too few texts for this task)"
            progress.notice(where + reason + way)
            return record, True

    @contextmanager
    def lock(self, evaluation: Evaluation, progress: Progress) -> Iterator[None]:
        """Keep other runs from encoding and scoring the same texts of a model; waits for one that does."""
        piece = "\n".join(self.piece(evaluation)).encode("utf-8", "backslashreplace")
        path = self.options.cache_dir / "locks" / f"{hashlib.blake2b(piece, digest_size=12).hexdigest()}.lock"
        lock = FileLock(path)
        with suppress(OSError, NotImplementedError):  # no lock can be made here: at worst the same is done twice
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress.notice(f"{evaluation.model}: another run is measuring this model; waiting for it")
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    # What is there

    def recorded(self, evaluation: Evaluation, progress: Progress) -> Record | None:
        """The record of an evaluation that need not be measured again.

        It must be verified, measured by the same weights, in the same dtype, on the same data. No weights, and no
        corpus whose content is pinned, are loaded to find out. `fresh` measures everything again; that a result of
        other weights is replaced is announced.

        Raises:
            NameTaken: the record is of other weights; without `fresh` it is not replaced.
        """
        record, model, task = self.existing(evaluation), evaluation.model, self.tasks[evaluation.task]
        if record is None or record.status != "ok":
            return None
        before, fingerprint = record.model.fingerprint, self._fingerprint(evaluation)
        if before != fingerprint:
            if not self.options.fresh:
                raise NameTaken(
                    f"{self.options.results_dir} has a result of {model} with other weights or another pooling ("
                    f"{before[:12]}, now {fingerprint[:12]}): give this model a name of its own (--models NAME=PATH), "
                    "or replace the result by --fresh"
                )
            progress.notice(f"{model}, {evaluation.task}: a result of other weights ({before[:12]}) is replaced")
        if self.options.fresh or not record.verified:
            return None
        if self.plugins[model].accepts("dtype") and record.model.dtype != (self.options.dtype or "float32"):
            return None
        with suppress(DataMissing, DataInvalid):  # the evaluation will say so
            return record if record.environment.get("corpora") == self._data_version(task) else None
        return None

    def existing(self, evaluation: Evaluation) -> Record | None:
        """The record of an evaluation, whatever it is of; a damaged one counts as none.

        Raises:
            RecordNewer: a newer version of this program wrote it; it is not ours to replace.
        """
        task = self.tasks[evaluation.task]
        name = f"{task.name}/{task.corpus}/{self._protocol(task)}"
        try:
            return self.results.get(evaluation.model, name, evaluation.seed)
        except RecordInvalid as error:
            if isinstance(error, RecordNewer):
                raise
            warnings.warn(f"{error}. The evaluation is measured again", stacklevel=2)
            return None

    def _data_version(self, task: Task) -> str:
        """Digest of the data that a task's corpora must hold; corpora that pin their content are not read for it."""
        digest = hashlib.blake2b(digest_size=8)
        for corpus in task.corpora:
            card = self.corpora.card(corpus)
            known = {} if self.options.limit else card.checksums
            for split in card.rows:
                if (content := known.get(split)) is None:
                    read = self.corpora.load(corpus, split)
                    # Documents and scales decide numbers, too; the pinned digests are older than this.
                    content = f"{read.fingerprint};{read.groups};{sorted(read.scales.items())}"
                digest.update(f"{corpus}:{split}:{content};".encode())
        return digest.hexdigest()

    # Encoders and their vectors

    def _encoder(self, evaluation: Evaluation) -> tuple[Encoder, str]:
        """An encoder under a task's cut-off, made once, with its fingerprint."""
        model, options = evaluation.model, self.options
        plugin, base = self.plugins[model], model.partition("@")[0]
        cut = self.tasks[evaluation.task].max_length if plugin.accepts("max_length") else None
        if (model, cut) not in self.encoders:
            if "torch" in sys.modules:  # else it would be imported to find out that everything is recorded
                self._keep_modes()
            encoder = plugin.make(
                weights_dir=options.weights_dirs.get(base),
                tokenizer_dir=options.tokenizer_dirs.get(base),
                max_length=cut,
                device=options.device,
                dtype=options.dtype,
                batch_tokens=options.batch_tokens,
                base_url=options.base_url,
                price=options.price,
                trust_remote_code=base in options.trust_remote_code or None,
            )
            self.encoders[model, cut] = encoder, fingerprint_of(encoder)
        return self.encoders[model, cut]

    def _keep_modes(self) -> None:
        """Have torch's modes and random state set back after this model."""
        import torch

        self.after_model.callback(torch.set_num_threads, torch.get_num_threads())
        self.after_model.callback(torch.set_default_dtype, torch.get_default_dtype())
        self.after_model.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        self.after_model.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        self.after_model.callback(torch.set_rng_state, torch.get_rng_state())

    def _prompt(self, evaluation: Evaluation) -> str:
        return self.plugins[evaluation.model].card.prompt(self.tasks[evaluation.task].name)

    def _fingerprint(self, evaluation: Evaluation) -> str:
        """What a model's record on a task depends on: its encoder, its prompt, its reduction."""
        reduction = self.plugins[evaluation.model].reduction
        return varied_fingerprint(self._encoder(evaluation)[1], self._prompt(evaluation), reduction)

    def _space(self, evaluation: Evaluation) -> EmbeddingSpace:
        """Where the full vectors of a model under a task's cut-off and prompt are cached; reductions share them."""
        encoder, fingerprint = self._encoder(evaluation)
        description, prompt = _described(encoder), self._prompt(evaluation)
        facts = {name: description.get(name) for name in ("pooling", "max_length", "dtype", "backend")}
        facts |= {"fingerprint": fingerprint, "device": str(description["device"]).partition(":")[0]}
        facts |= {"prompt": prompt} if prompt else {}
        if (name := json.dumps(facts, sort_keys=True)) not in self._spaces:
            self._spaces[name] = open_space(self.options.cache_dir, facts, fresh=self.options.fresh)
        return self._spaces[name]

    def _encode(self, evaluation: Evaluation, texts: Sequence[str], progress: Progress) -> int:
        """Encode the texts that the cache lacks, longest first, so that memory fails early; says how many."""
        encoder, space, prompt = self._encoder(evaluation)[0], self._space(evaluation), self._prompt(evaluation)
        space.refresh()
        missing, start = sorted(space.missing(texts), key=len, reverse=True), time.perf_counter()
        size = getattr(encoder, "texts_at_once", _SHARD)
        for done in range(0, len(missing), size):
            shard = missing[done : done + size]
            prompted = [prompt + text for text in shard]
            vectors = encode_checked(encoder, prompted)
            if not done:
                check_vectors(encoder, prompted, vectors)
            space.add(shard, vectors)
            seconds = time.perf_counter() - start
            progress.encoding(evaluation.model, evaluation.task, done + len(shard), len(missing), seconds)
        if missing:
            space.describe(_described(encoder))
        return len(missing)

    def estimated_tokens(self, evaluation: Evaluation, counted: set[tuple[Path, str]]) -> int:
        """About how many tokens a service would be sent for an evaluation, whose new texts are added to `counted`.

        Raises:
            DataMissing: the corpus is not here.
        """
        space, prompt = self._space(evaluation), self._prompt(evaluation)
        texts = self.tasks[evaluation.task].prepare(self.corpora).texts
        new = {(space.directory, text) for text in space.missing(texts)} - counted
        counted |= new
        return sum(estimated_tokens(prompt + text) for _, text in new)

    # Measuring

    def _measured(self, evaluation: Evaluation, progress: Progress) -> Record:
        """Encode what the cache lacks, score, and save the record."""
        task, plugin = self.tasks[evaluation.task], self.plugins[evaluation.model]
        card, reduction = plugin.card, plugin.reduction
        self._keep_modes()
        # Before the corpus is read, so that missing weights are reported first.
        encoder, fingerprint = self._encoder(evaluation)[0], self._fingerprint(evaluation)
        if evaluation.task not in self._prepared:
            self._prepared[evaluation.task] = task.prepare(self.corpora)
        prepared, start = self._prepared[evaluation.task], time.perf_counter()
        spent: Callable[[], dict[str, float]] = getattr(encoder, "spent", dict)
        before, _ = spent(), _peak_memory(reset=True)
        encoded = self._encode(evaluation, prepared.texts, progress)
        encoding = time.perf_counter() - start if encoded else 0.0
        costs = {name: number - before[name] for name, number in spent().items()} | (_peak_memory() if encoded else {})
        vectors = reduce_vectors(self._space(evaluation).gather(prepared.texts), reduction)
        start = time.perf_counter()
        outcome = prepared.evaluate(vectors, evaluation.seed)
        seconds = time.perf_counter() - start
        # As it was when it made the cached vectors: an encoder says most with its weights loaded.
        description = {**_described(encoder), **self._space(evaluation).description}
        own = {key: description.pop(key) for key in _OWN_FIELDS if key in description}
        device = own.pop("device")
        # A causal model's pooling is found out by loading it.
        own["pooling"] = card.pooling and own.get("pooling", card.pooling)
        own["dimensions"], size = vectors.shape[1], vector_bytes(vectors.shape[1], reduction)
        how = {"encoder": description, "prompt": self._prompt(evaluation), "reduction": list(reduction)}
        record = self._record(
            evaluation,
            "ok",
            {**own, "vector_bytes": size, "fingerprint": fingerprint},
            {**outcome.details, **{name: value for name, value in how.items() if value}},
            data=prepared.fingerprint,
            metrics=dict(outcome.metrics),
            counts={key: int(value) for key, value in outcome.counts.items()},
            timings={"encode": encoding, "score": seconds, "texts_encoded": float(encoded), **costs},
            environment={**environment(), "corpora": self._data_version(task), "device": str(device)},
        )
        self.results.save(record, outcome.predictions)
        return record

    def failed(self, evaluation: Evaluation, error: BaseException) -> Record:
        """Record that an evaluation has no number.

        A result that is there stays: what failed may have been the machine.
        """
        status = error.status if isinstance(error, BenchError) else "failed"
        ours = isinstance(error, BenchError) and not isinstance(error, EncoderFault)
        told = "" if ours else _traceback(error.__cause__ or error)
        message = str(error).replace(str(Path.home()), "~")  # a record says nothing of the machine's folders
        failure = Failure(kind=type(error).__name__, message=message, traceback=told)
        record = self._record(evaluation, status, environment=environment(), failure=failure)
        if isinstance(error, RecordNewer):
            return record
        existing = self.existing(evaluation)
        if existing is None or existing.status != "ok":
            self.results.save(record)
        return record

    def _protocol(self, task: Task) -> str:
        """A trial on some texts has a protocol of its own: no table ever mixes it with the whole corpus."""
        return task.protocol if self.options.limit is None else f"{task.protocol}+limit-{self.options.limit}"

    def _record(
        self,
        evaluation: Evaluation,
        status: str,
        facts: Mapping[str, Any] = {},
        details: Mapping[str, Any] = {},
        **more: Any,
    ) -> Record:
        """A record with what the card, the task and the options say; `facts` of the model go before its card's."""
        task, card, limit = self.tasks[evaluation.task], self.plugins[evaluation.model].card, self.options.limit
        known = {name: getattr(card, name) for name in _OF_CARDS}
        return Record(
            model=ModelFacts(**{**known, "name": evaluation.model, "title": card.shown, **facts}),
            task=task.name,
            corpus=task.corpus,
            protocol=self._protocol(task),
            split=task.split,
            seed=evaluation.seed,
            status=status,
            details={**({"limit": limit} if limit else {}), **details},
            contamination=judge(inherited([card, *(base.card for base in lineage(card))]), task.corpus),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            **more,
        )


#: What a record says of a model in its card's words.
_OF_CARDS = ["family", "base", "pooling", "max_length", "dimensions", "parameters", "weights", "revision", "licence"]
#: What `describe` says that stands in a record's own fields.
_OWN_FIELDS = ("pooling", "max_length", "dtype", "backend", "device", "dimensions", "parameters")


def _peak_memory(*, reset: bool = False) -> dict[str, float]:
    """Most bytes of memory that this process has held since the last reset; nothing where the system does not say."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    except (OSError, IndexError):
        return {}
    return {"peak_memory": 1024.0 * int(peak)}


def _described(encoder: Encoder) -> dict[str, Any]:
    """What an encoder says of itself, beside what holds for one that says nothing."""
    describe = getattr(encoder, "describe", dict)
    return {"max_length": None, "dtype": "float32", "backend": "", "device": "cpu", **describe()}


def _traceback(error: BaseException) -> str:
    """The traceback with file names in place of paths."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames]
    return "\n".join([*lines, f"{type(error).__name__}: {error}"])


@contextmanager
def stopping_on_signals(progress: Progress) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt, and remember it: what they interrupt may lose the exception or change it."""

    def interrupt(*_: object) -> None:
        progress.stopped = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
