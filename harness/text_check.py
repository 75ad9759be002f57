"""Compare what models were trained on with what they are scored on, text by text.

    check = TextCheck(corpora, ResultStore(Path("results")))
    found = check.model(find_encoder("senticse"), select_tasks("paper", []))

Training texts come from three places: a list of hashes that a checkpoint ships (an encoder's optional method
`training_text_hashes() -> frozenset[str] | None`), the declared corpora that are on this machine, and files that the
user names. The models that a model started from count as well. Texts are read, never kept: the answer holds counts,
row numbers, and each number on the rows that the model was not trained on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.contamination import (
    Evaluated,
    Finding,
    Overlap,
    TextEvidence,
    TrainingTexts,
    identify,
    inherited,
    judge,
    judge_by_text,
    overlap,
)
from harness.contamination.evidence import to_ranges
from harness.errors import BenchError, DataMissing, ExtraMissing, UsageError, WeightsMissing
from harness.leaderboard.evaluations import combine_metric
from harness.registry import encoder_names, find_encoder
from harness.statistics import metrics_of

if TYPE_CHECKING:
    from harness.corpora import CorpusLibrary, CorpusRegistry
    from harness.outcome import Metric
    from harness.record import Record, ResultStore
    from harness.registry import EncoderPlugin
    from harness.tasks.base import Prepared, Task

#: Numbers on fewer clean rows are not given: they would be noise.
FEWEST = 20

_HASH = re.compile(r"[0-9a-f]{16}")


def declared_texts(name: str, splits: Mapping[str, Collection[str]], library: CorpusLibrary) -> TrainingTexts | str:
    """Texts of a declared training set, or why there are none.

    Args:
        name: as on the card: `mr`, `sst5:train`, `wikipedia`.
        splits: corpus → its splits, for every corpus of this installation.
        library: reads them.
    """
    corpus, part = identify(name)
    if corpus not in splits:
        # Corpora of other distributions have no aliases: `NAME` and `NAME:SPLIT` are read as they stand.
        plain, _, split = name.partition(":")
        if plain in splits and (not split or split in splits[plain]):
            corpus, part = plain, split or None
    if corpus not in splits:
        return "its texts are not among the corpora of this installation"
    wanted = [split for split in splits[corpus] if part is None or split == part]
    if not wanted and list(splits[corpus]) == ["all"]:
        # A corpus without splits has no smaller part that could be read: the whole is the cautious answer.
        wanted = ["all"]
    if not wanted:
        return f"this installation has no part {part!r} of {corpus}"
    try:
        texts = [text for split in wanted for text in library.load(corpus, split).texts]
    except DataMissing:
        return f"the corpus {corpus} is not on this machine"
    except BenchError as error:
        return str(error)
    return TrainingTexts(name, texts, covers=(name,), part=part)


def training_file(path: Path) -> TrainingTexts:
    """Read a file of training texts: one text a line, or one hash a line as in `training_texts.txt`.

    Raises:
        UsageError: it cannot be read, is no UTF-8, or is empty.
    """
    try:
        kept = [line for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text ({error}); give one training text a line") from error
    if not kept:
        raise UsageError(f"{path} holds no text; give one training text, or the hash of one, a line")
    if all(_HASH.fullmatch(line.strip()) for line in kept):
        return TrainingTexts(path.name, hashes=(line.strip() for line in kept))
    return TrainingTexts(path.name, kept)


@dataclass(frozen=True)
class OwnTraining:
    """Scored texts that also stand among the texts which train or choose a task's probe."""

    task_id: str
    part: str
    training: int
    """Texts of those parts."""
    overlap: Overlap


class TextCheck:
    """Compares texts, reading each corpus once.

    Args:
        library: the corpora.
        store: results, for the numbers on the clean rows.
        weights_dirs: encoder name → directory of its weights.
    """

    def __init__(
        self,
        library: CorpusRegistry,
        store: ResultStore,
        *,
        weights_dirs: Mapping[str, Path] | None = None,
    ) -> None:
        self.library = library
        self.store = store
        self.weights_dirs = dict(weights_dirs or {})
        self._splits = {card.name: tuple(card.rows) for card in library.cards()}
        self._prepared: dict[str, Prepared] = {}
        self._evaluated: dict[tuple[str, ...], Evaluated] = {}
        self._declared: dict[str, TrainingTexts | str] = {}
        self._overlaps: dict[tuple[TrainingTexts, tuple[str, ...]], Overlap] = {}
        self._records: list[Record] | None = None

    def rows(self, task_id: str, task: Task) -> int:
        """Number of texts that a task scores.

        Raises:
            DataMissing, DataInvalid: the corpus is not there or not the published one.
        """
        return len(self._scored(self._prepare(task_id, task)))

    def own_training(self, task_id: str, task: Task) -> OwnTraining | None:
        """Scored texts of a task that its own training texts hold; None where all texts are scored.

        Raises:
            DataMissing, DataInvalid: the corpus is not there or not the published one.
        """
        prepared = self._prepare(task_id, task)
        evaluated = self._scored(prepared)
        rest = tuple(prepared.texts)[: len(prepared.texts) - len(evaluated)]
        if not rest:
            return None
        found = overlap(evaluated, TrainingTexts(f"{task.corpus}, training part", rest))
        return OwnTraining(task_id, _part(task), len(rest), found)

    def model(
        self, plugin: EncoderPlugin, tasks: Mapping[str, Task], files: Sequence[TrainingTexts] = ()
    ) -> list[TextEvidence]:
        """Look the training texts of a model up in tasks.

        Args:
            plugin: the model.
            tasks: task id → task.
            files: training sets that the user names, in addition to what is declared.

        Raises:
            DataMissing, DataInvalid: a task's corpus is not there or not the published one.
        """
        training, not_compared = self.training(plugin)
        cards = {link.card.name: link.card for link in _chain(plugin)}
        declared = inherited(plugin.card, cards)
        found = []
        for task_id, task in tasks.items():
            evaluated = self._scored(self._prepare(task_id, task))
            findings = [Finding(one, self._overlap(evaluated, one)) for one in (*training, *files)]
            judgement = judge_by_text(judge(declared, task.corpus), _part(task), findings, not_compared)
            rows = np.zeros(len(evaluated), dtype=np.bool_)
            for finding in findings:
                rows |= finding.overlap.shared
            found.append(self._evidence(plugin.name, task_id, evaluated, rows, judgement.as_record()))
        return found

    def training(self, plugin: EncoderPlugin) -> tuple[list[TrainingTexts], dict[str, str]]:
        """Training texts of a model and of those it started from, and why the texts of other sets are not compared."""
        compared: list[TrainingTexts] = []
        missing: dict[str, str] = {}
        covered: set[str] = set()
        names: list[str] = []
        chain = _chain(plugin)
        for place, link in enumerate(chain):
            own = list(link.card.training_data or ())
            before = set(chain[place + 1].card.training_data or ()) if place + 1 < len(chain) else set()
            names += own
            try:
                hashes = self._shipped(link)
            except BenchError as error:
                # The models of the baselines have no such list; of others a broken one must be known.
                missing[f"the list of {link.name}"] = str(error)
                continue
            if hashes is not None:
                covers = [name for name in own if name not in before]
                compared.append(TrainingTexts(f"texts of {link.name}", hashes=hashes, covers=covers))
                covered.update(covers)
        for name in dict.fromkeys(names):
            if name in covered:
                continue
            texts = self._declared.setdefault(name, "")
            if texts == "":
                texts = self._declared[name] = declared_texts(name, self._splits, self.library)
            if isinstance(texts, TrainingTexts):
                compared.append(texts)
            else:
                missing[name] = texts
        return compared, missing

    def _shipped(self, link: EncoderPlugin) -> frozenset[str] | None:
        """Hashes that a model ships; None where it has no list, or its weights are not here."""
        try:
            encoder = link.create(weights_dir=self.weights_dirs.get(link.name.partition("@")[0]))
            ask = getattr(encoder, "training_text_hashes", None)
            hashes = ask() if callable(ask) else None
        except (ExtraMissing, WeightsMissing):
            return None
        return None if hashes is None else frozenset(hashes)

    def _prepare(self, task_id: str, task: Task) -> Prepared:
        if task_id not in self._prepared:
            self._prepared[task_id] = task.prepare(self.library)
        return self._prepared[task_id]

    def _scored(self, prepared: Prepared) -> Evaluated:
        texts = tuple(prepared.texts)
        count = getattr(prepared, "scored", None)
        scored = texts if count is None else texts[len(texts) - count :]
        return self._evaluated.setdefault(scored, Evaluated(scored))

    def _overlap(self, evaluated: Evaluated, training: TrainingTexts) -> Overlap:
        key = (training, evaluated.texts)
        if key not in self._overlaps:
            self._overlaps[key] = overlap(evaluated, training)
        return self._overlaps[key]

    def _evidence(
        self,
        model: str,
        task_id: str,
        evaluated: Evaluated,
        shared: NDArray[np.bool_],
        contamination: dict[str, object],
    ) -> TextEvidence:
        records = self._measured(model, task_id)
        remark = ""
        full: dict[str, Metric] = {}
        clean: dict[str, Metric] = {}
        if records:
            names = list(records[0].metrics)
            full = {name: combine_metric(name, [record.metrics[name] for record in records]) for name in names}
            if shared.any():
                clean, remark = self._clean(records, task_id, shared)
        return TextEvidence(
            model=model,
            task_id=task_id,
            contamination=contamination,
            fingerprint=records[0].model.fingerprint if records else "",
            data=records[0].data if records else "",
            rows=len(evaluated),
            shared=to_ranges(shared),
            full=full,
            clean=clean,
            remark=remark,
        )

    def _measured(self, model: str, task_id: str) -> list[Record]:
        """Records of all seeds that have numbers."""
        if self._records is None:
            self._records = list(self.store)
        own = [r for r in self._records if (r.model.name, r.task_id, r.status) == (model, task_id, "ok")]
        return sorted(own, key=lambda record: record.seed)

    def _clean(
        self, records: Sequence[Record], task_id: str, shared: NDArray[np.bool_]
    ) -> tuple[dict[str, Metric], str]:
        """Numbers on the rows that are not shared, or why there are none."""
        rows = ~shared
        left = int(rows.sum())
        if left < FEWEST:
            return {}, f"only {left} clean rows"
        found: list[dict[str, Metric]] = []
        for record in records:
            if record.data != self._prepared[task_id].fingerprint:
                return {}, "the record is of other data: measure again"
            predictions = self.store.predictions(record) or {}
            if not predictions:
                return {}, "no per-example predictions"
            if any(len(array) != len(rows) for array in predictions.values()):
                return {}, "the task does not say which of its texts it scores"
            found.append(metrics_of(predictions, list(record.metrics), rows))
        names = [name for name in found[0] if all(name in metrics for metrics in found)]
        numbers = {name: combine_metric(name, [metrics[name] for metrics in found]) for name in names}
        return numbers, "" if numbers else "predictions do not determine the numbers"


def _chain(plugin: EncoderPlugin) -> list[EncoderPlugin]:
    """A model and those that it started from, as far as they are declared here."""
    known = set(encoder_names())
    chain = [plugin]
    base = plugin.card.base
    while base in known and base not in {link.card.name for link in chain}:
        chain.append(find_encoder(str(base)))
        base = chain[-1].card.base
    return chain


def _part(task: Task) -> str:
    return "all" if task.split.startswith("cv") else task.split
