"""Units of work: encode the texts of a task, or score one (model, task, seed).

A `Workbench` holds what units share within a process: the corpora, the embedding cache, the record store, and the
encoder in use. Every unit is independent and idempotent: doing it twice changes nothing, and a killed one leaves
finished shards that the next attempt finds.
"""

from __future__ import annotations

import hashlib
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness import allocator, memory
from harness.contamination import inherited, judge
from harness.corpora import CorpusRegistry
from harness.embeddings import EmbeddingSpace, EmbeddingStore
from harness.encoder import checked_vectors
from harness.errors import (
    BenchError,
    DataInvalid,
    DataMissing,
    EncoderFault,
    NotApplicable,
    RecordInvalid,
    RecordNewer,
    UsageError,
)
from harness.fingerprint import fingerprint_of
from harness.record import Failure, ModelFacts, Record, ResultStore, environment
from harness.registry import EncoderPlugin, encoder_names, find_encoder
from harness.workers import Encoded, EncodingPool, encoded_here, pool_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.encoder import Encoder, EncoderCard
    from harness.outcome import Outcome
    from harness.tasks.base import Prepared, Task

#: A shard holds at most this many texts and characters: what Ctrl-C can lose, seconds of work for a small model.
_SHARD_TEXTS = 2048
_SHARD_CHARACTERS = 400_000
#: Shares of the memory: the largest array that is served from what was freed, and what may lie idle for that.
_REUSED, _IDLE = 32, 32
#: Of English prose, about; tells how much of a text lies before a cut-off.
_CHARACTERS_A_TOKEN = 5
#: Shards of one task for each encoding process, at least.
_PARTS_EACH = 8


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Everything that `bench run` may be told, except what to run."""

    results_dir: Path
    cache_dir: Path
    data_dir: Path | None = None
    device: str | None = None
    dtype: str | None = None
    batch_tokens: int | None = None
    processes: int | None = 1
    """How many processes encode, of one thread each; 1 is this one with its threads, None takes what is quickest."""
    weights_dirs: Mapping[str, Path] = field(default_factory=dict)
    """Encoder name (without pooling) → directory of its weights."""
    tokenizer_dirs: Mapping[str, Path] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    """Names of models that may run code of their own."""
    offline: bool = False
    fresh: bool = False
    """Encode and score again whatever is there."""
    fail_fast: bool = False
    max_memory: int | None = None
    """Bytes of anonymous memory to plan with, see `harness.memory`; None: its default."""
    unit_timeout: float | None = None
    """Seconds after which an encoder without a finished shard, or a scoring unit, is stopped; None: never."""


@dataclass(frozen=True)
class Unit:
    """One number-giving piece of work."""

    model: str
    task: str
    seed: int


class Workbench:
    """What the units of one process share.

    Args:
        options: directories, device and the like.
        plugins: model → how to make it.
        tasks: id → task.
        specs: model → what `find_encoder` finds it by; those without can be used in this process alone.
    """

    def __init__(
        self,
        options: RunOptions,
        plugins: Mapping[str, EncoderPlugin],
        tasks: Mapping[str, Task],
        specs: Mapping[str, str] | None = None,
    ) -> None:
        self.options = options
        self.specs = dict(specs or {})
        self.plugins = dict(plugins)
        self.tasks = tasks
        self.corpora = CorpusRegistry(options.data_dir, options.cache_dir, offline=options.offline)
        self.store = EmbeddingStore(options.cache_dir, fresh=options.fresh)
        self.results = ResultStore(options.results_dir)
        self._prepared: dict[str, Prepared] = {}
        self._believed: dict[tuple[str, int | None], Mapping[str, Any]] = {}
        self._encoders: dict[tuple[str, int | None], tuple[Encoder, str]] = {}
        self._pool: EncodingPool | None = None
        memory.limit_to(options.max_memory, options.cache_dir / "scratch")
        allocator.keep_freed(memory.share(_REUSED), memory.share(_IDLE))

    # Encoders

    def encoder(self, model: str, max_length: int | None = None, *, beside: str | None = None) -> tuple[Encoder, str]:
        """An encoder with its fingerprint; encoders of earlier models are let go.

        Args:
            model: its name.
            max_length: the task's cut-off.
            beside: another model that is still in use, whose encoder is kept.

        Raises:
            WeightsMissing, ExtraMissing, UsageError: it cannot be made here.
        """
        if not self.plugins[model].accepts("max_length"):
            max_length = None
        key = (model, max_length)
        if key not in self._encoders:
            self._encoders = {k: v for k, v in self._encoders.items() if k[0] in (model, beside)}
            base = model.partition("@")[0]
            encoder = self.plugins[model].create(
                weights_dir=self.options.weights_dirs.get(base),
                tokenizer_dir=self.options.tokenizer_dirs.get(base),
                max_length=max_length,
                device=self.options.device,
                dtype=self.options.dtype,
                batch_tokens=self.options.batch_tokens,
                trust_remote_code=True if base in self.options.trusted else None,
            )
            self._encoders[key] = encoder, fingerprint_of(encoder)
        return self._encoders[key]

    def facts(self, model: str, max_length: int | None = None) -> ModelFacts:
        """What the records of a model say of it."""
        fingerprint = self.encoder(model, max_length)[1]
        described = self._described(model, max_length)
        card = self.plugins[model].card
        return replace(
            self.bare_facts(model),
            fingerprint=fingerprint,
            # A causal model's pooling is found out by loading it.
            pooling=card.pooling and described.get("pooling", card.pooling),
            max_length=described.get("max_length"),
            dtype=str(described.get("dtype", "float32")),
            backend=str(described.get("backend", "")),
            dimensions=described.get("dimensions", card.dimensions),
            parameters=described.get("parameters", card.parameters),
        )

    def described(self, model: str, task: str) -> dict[str, Mapping[str, Any]]:
        """What the encoders that a task needs say of themselves: the model's, and its backbone's where that counts."""
        max_length = self.tasks[task].max_length
        found: dict[str, Mapping[str, Any]] = {model: self._described(model, max_length)}
        if self.against_backbone(task):
            backbone = self.backbone(model)
            found[backbone] = self._described(backbone, max_length, beside=model)
        return found

    def believe(self, task: str, described: Mapping[str, Mapping[str, Any]]) -> None:
        """Take what encoders said of themselves where they encoded, maybe on a GPU, for what they are here too."""
        self._believed.update({(model, self.tasks[task].max_length): facts for model, facts in described.items()})

    def _described(self, model: str, max_length: int | None, *, beside: str | None = None) -> dict[str, Any]:
        described = _described(self.encoder(model, max_length, beside=beside)[0])
        return {**described, **self._believed.get((model, max_length), {})}

    def bare_facts(self, model: str) -> ModelFacts:
        """What the card alone says."""
        card = self.plugins[model].card
        return ModelFacts(
            name=model,
            title=card.shown,
            family=card.family,
            base=card.base,
            pooling=card.pooling,
            max_length=card.max_length,
            dimensions=card.dimensions,
            parameters=card.parameters,
            weights=card.weights,
            revision=card.revision,
            licence=card.licence,
        )

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

    def space(self, model: str, max_length: int | None, *, beside: str | None = None) -> EmbeddingSpace:
        """Where the vectors of a model under a cut-off are cached; `beside` as for `encoder`."""
        fingerprint = self.encoder(model, max_length, beside=beside)[1]
        described = self._described(model, max_length, beside=beside)
        return self.store.space(
            {
                "fingerprint": fingerprint,
                "pooling": described.get("pooling"),
                "max_length": described.get("max_length"),
                "dtype": described.get("dtype", "float32"),
                "backend": described.get("backend", ""),
                "device": str(described.get("device", "cpu")).partition(":")[0],
            }
        )

    # Tasks

    def prepared(self, task: str) -> Prepared:
        """A task with its data, loaded once.

        Raises:
            DataMissing, DataInvalid: the corpus is not there or not the published one.
        """
        if task not in self._prepared:
            self._prepared[task] = self.tasks[task].prepare(self.corpora)
        return self._prepared[task]

    def data_version(self, task: str) -> str:
        """Digest of the data that a task's corpora must hold.

        Corpora that pin their content are not read for it; others are.
        """
        digest = hashlib.blake2b(digest_size=8)
        for corpus in self.tasks[task].corpora:
            card = self.corpora.card(corpus)
            pins = getattr(card, "pins", {})
            for split in card.rows:
                content = pins[split].fingerprint if split in pins else self.corpora.load(corpus, split).fingerprint
                digest.update(f"{corpus}:{split}:{content};".encode())
        return digest.hexdigest()

    # Encoding

    def missing(self, model: str, task: str) -> list[str]:
        """Distinct texts of a task that a model has not encoded yet."""
        space = self.space(model, self.tasks[task].max_length)
        return space.missing(self.prepared(task).texts)

    def against_backbone(self, task: str) -> bool:
        """Whether a task also needs the vectors of the model that an encoder was made from."""
        return _against_backbone(self.tasks[task])

    def locks(self, model: str, task: str) -> list[Path]:
        """Files to hold while a task's texts are encoded: one for each corpus and space that they come from and go to.

        Raises:
            WeightsMissing, ExtraMissing, UsageError, NotApplicable: an encoder cannot be made here.
        """
        spec = self.tasks[task]
        spaces = [self.space(model, spec.max_length)]
        if self.against_backbone(task):
            spaces.append(self.space(self.backbone(model), spec.max_length, beside=model))
        corpora = spec.corpora or (spec.corpus,)
        return [space.directory / f"{quote(corpus, safe='')}.lock" for space in spaces for corpus in corpora]

    def drop(self, model: str, task: str) -> None:
        """Remove the cached vectors of a task's texts; a task without data has none."""
        with suppress(BenchError):
            self.space(model, self.tasks[task].max_length).drop(self.prepared(task).texts)

    def encode(self, model: str, task: str, *, part: tuple[int, int] = (0, 1)) -> Iterator[tuple[int, float, int]]:
        """Encode what a task needs and the cache lacks.

        Args:
            model: its name.
            task: its id.
            part: (i, n) takes every n-th text, by length, from the i-th on.

        Yields:
            For each shard that was encoded and stored: its texts, the seconds it took, and its characters. Vectors of
            the model's backbone count no text and no character.

        Raises:
            EncoderFault: the encoder raised, or broke its contract.
        """
        yield from self._encode(model, task, part)
        if self.against_backbone(task):
            for _, seconds, _ in self._encode(self.backbone(model), task, part, beside=model):
                yield 0, seconds, 0

    def _encode(
        self, model: str, task: str, part: tuple[int, int], *, beside: str | None = None
    ) -> Iterator[tuple[int, float, int]]:
        max_length = self.tasks[task].max_length
        encoder, _ = self.encoder(model, max_length, beside=beside)
        space = self.space(model, max_length, beside=beside)
        number, parts = part
        texts: Sequence[str] = self.prepared(task).texts
        if parts > 1:
            texts = sorted(dict.fromkeys(texts), key=len)[number::parts]
        if not space.missing(texts):
            return
        # Another process may have encoded them meanwhile.
        space.refresh()
        for shard, vectors, seconds in self._encoded(model, encoder, space.missing(texts)):
            start = time.perf_counter()
            space.add(shard, checked_vectors(vectors, len(shard), model))
            yield len(shard), seconds + time.perf_counter() - start, self.characters(model, task, shard)

    def _encoded(self, model: str, encoder: Encoder, texts: Sequence[str]) -> Iterator[Encoded]:
        """Vectors of texts, shard by shard: by the workers where there are some, or where they are worth starting."""
        characters = sum(map(len, texts))
        if self._pool is not None and self._pool.encoder is not encoder:
            self.close()
        if texts and self._pool is None:
            device = str(_described(encoder).get("device", "cpu"))
            self._pool = pool_for(encoder, characters, device=device, processes=self.options.processes)
        try:
            if self._pool is None:
                yield from encoded_here(encoder, list(_shards(texts)))
            else:
                # Small enough that the workers end at about the same time.
                share = characters // (_PARTS_EACH * self._pool.processes) + 1
                yield from self._pool.encode(list(_shards(texts, min(share, _SHARD_CHARACTERS))))
        except BenchError:
            raise
        except Exception as error:
            raise EncoderFault(f"{model} raised {type(error).__name__} while encoding: {error}") from error

    def characters(self, model: str, task: str, texts: Iterable[str]) -> int:
        """Characters of texts, as far as the cut-off lets them be read: how much work they are."""
        described = self._described(model, self.tasks[task].max_length)
        cut = described.get("max_length")
        most = _CHARACTERS_A_TOKEN * cut if cut else None
        return sum(len(text) if most is None else min(len(text), most) for text in texts)

    def close(self) -> None:
        """Let the encoding processes go."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    # Scoring

    def score(self, unit: Unit, *, encode_seconds: float = 0.0, encoded: int = 0) -> Record:
        """Score a unit whose texts are encoded, and save its record."""
        task = self.tasks[unit.task]
        prepared = self.prepared(unit.task)
        embeddings = self.space(unit.model, task.max_length).gather(prepared.texts)
        start = time.perf_counter()
        if self.against_backbone(unit.task):
            outcome = self._against(unit, embeddings)
        else:
            outcome = prepared.evaluate(embeddings, unit.seed)
        seconds = time.perf_counter() - start
        described = self._described(unit.model, task.max_length)
        record = replace(
            self._blank(unit, "ok"),
            model=self.facts(unit.model, task.max_length),
            data=prepared.fingerprint,
            metrics=dict(outcome.metrics),
            counts={name: int(value) for name, value in outcome.counts.items()},
            details={**outcome.details, **_more_facts(described)},
            timings={"encode": encode_seconds, "score": seconds, "texts_encoded": float(encoded)},
            environment={
                **environment(),
                "corpora": self.data_version(unit.task),
                "device": str(described.get("device", "cpu")),
                **({"processes": str(self._pool.processes)} if self._pool is not None else {}),
            },
        )
        record = replace(
            record, model=replace(record.model, dimensions=record.model.dimensions or int(embeddings.shape[1]))
        )
        self.results.save(record, outcome.predictions)
        return record

    def _against(self, unit: Unit, embeddings: NDArray[np.float32]) -> Outcome:
        """Score a unit's vectors beside its backbone's."""
        task = self.tasks[unit.task]
        prepared = self.prepared(unit.task)
        name = self.backbone(unit.model)
        vectors = self.space(name, task.max_length, beside=unit.model).gather(prepared.texts)
        outcome = prepared.evaluate_against(embeddings, vectors, unit.seed)
        fingerprint = self.encoder(name, task.max_length, beside=unit.model)[1]
        return replace(outcome, details={**outcome.details, "backbone": {"name": name, "fingerprint": fingerprint}})

    def failed(self, unit: Unit, error: Exception) -> Record:
        """Record that a unit has no number, unless an earlier run measured it and only its means are gone."""
        status = error.status if isinstance(error, BenchError) else "failed"
        shown = isinstance(error, BenchError) and not isinstance(error, EncoderFault)
        record = replace(
            self._blank(unit, status),
            environment=environment(),
            failure=Failure(
                kind=type(error).__name__,
                message=str(error),
                traceback="" if shown else _traceback(error),
            ),
        )
        if status == "failed" or not self._measured(unit):
            self.results.save(record)
        return record

    def _recorded(self, unit: Unit) -> Record | None:
        """A unit's record; a damaged one is as good as none, a newer program's is not ours to replace."""
        try:
            return self.results.get(unit.model, unit.task, unit.seed)
        except RecordNewer:
            raise
        except RecordInvalid as error:
            warnings.warn(f"{error}. The unit is measured again", stacklevel=2)
            return None

    def _measured(self, unit: Unit) -> bool:
        existing = self._recorded(unit)
        return existing is not None and existing.status == "ok"

    def done(self, unit: Unit) -> Record | None:
        """The record of a unit that need not be done again.

        It must be measured, by the same weights, in the same dtype, on the corpus that the card pins. No weights and
        no pinned corpus are loaded to find out.
        """
        record = None if self.options.fresh else self._recorded(unit)
        if record is None or record.status != "ok":
            return None
        if record.model.fingerprint != self.encoder(unit.model, self.tasks[unit.task].max_length)[1]:
            return None
        if self.against_backbone(unit.task) and not self._same_backbone(unit, record):
            return None
        if self.plugins[unit.model].accepts("dtype") and record.model.dtype != (self.options.dtype or "float32"):
            return None
        try:
            return record if record.environment.get("corpora") == self.data_version(unit.task) else None
        except (DataMissing, DataInvalid):  # which the unit, done again, will say
            return None

    def _same_backbone(self, unit: Unit, record: Record) -> bool:
        """Whether a record was measured against the backbone as it is now."""
        before = record.details.get("backbone")
        try:
            name = self.backbone(unit.model)
            now = self.encoder(name, self.tasks[unit.task].max_length, beside=unit.model)[1]
        except BenchError:  # its weights are not here: what was measured stays
            return True
        return bool(before == {"name": name, "fingerprint": now})

    @staticmethod
    def _training_data(card: EncoderCard) -> tuple[str, ...] | None:
        """What a model and the models that it started from were trained on."""
        cards = {card.name: card}
        names = set(encoder_names())
        base = card.base
        while base in names and base not in cards:
            cards[base] = find_encoder(base).card
            base = cards[base].base
        return inherited(card, cards)

    def _blank(self, unit: Unit, status: str) -> Record:
        task = self.tasks[unit.task]
        judgement = judge(self._training_data(self.plugins[unit.model].card), task.corpus)
        return Record(
            model=self.bare_facts(unit.model),
            task=task.name,
            corpus=task.corpus,
            protocol=task.protocol,
            split=task.split,
            seed=unit.seed,
            status=status,
            contamination=judgement.as_record(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _against_backbone(task: Task) -> bool:
    # Tasks of other distributions need not know of backbones.
    return bool(getattr(task, "against_backbone", False))


def _described(encoder: Encoder) -> dict[str, Any]:
    describe = getattr(encoder, "describe", None)
    return dict(describe()) if callable(describe) else {}


#: What `describe` says that stands in a record's own fields.
_OWN_FIELDS = {"pooling", "max_length", "dtype", "backend", "device", "dimensions", "parameters"}


def _more_facts(described: Mapping[str, Any]) -> dict[str, Any]:
    """What an encoder says of itself beyond that: how many texts had no tree, say."""
    more = {name: value for name, value in described.items() if name not in _OWN_FIELDS}
    return {"encoder": more} if more else {}


def _traceback(error: BaseException) -> str:
    """The traceback with file names in place of paths: a record says nothing of the machine's folders."""
    lines = []
    for frame in traceback.extract_tb((error.__cause__ or error).__traceback__):
        lines.append(f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line or ''}".rstrip())
    cause = error.__cause__ or error
    return "\n".join([*lines, f"{type(cause).__name__}: {cause}"])


def _shards(texts: Sequence[str], most: int = _SHARD_CHARACTERS) -> Iterator[list[str]]:
    """Cut texts, longest first, into parts of at most so many characters that are encoded and stored at once.

    Texts of like length stand together, so that batches within a part are even; the longest come first, so that
    memory fails early.
    """
    part: list[str] = []
    characters = 0
    for text in sorted(texts, key=len, reverse=True):
        if part and (len(part) >= _SHARD_TEXTS or characters + len(text) > most):
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part
