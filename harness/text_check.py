"""Compare what models were trained on with what they are scored on, text by text.

    tasks = select_tasks("paper", [])
    found = check_texts([find_encoder("senticse")], tasks, corpora, ResultStore(Path("results")))

Training texts come from three places: a list of hashes that a checkpoint ships (an encoder's optional method
`training_text_hashes() -> frozenset[str] | None`), the declared corpora that are on this machine, and files that the
user names. The models that a model started from count as well. Texts are read, never kept: the answer holds counts,
row numbers, and each number on the rows that the model was not trained on.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.contamination import Evaluated, Finding, TextEvidence, TrainingTexts, identify, inherited, judge, overlap
from harness.contamination.evidence import to_ranges
from harness.errors import BenchError, DataMissing, ExtraMissing, UsageError, WeightsMissing
from harness.leaderboard.evaluations import combine_metric
from harness.registry import lineage
from harness.statistics.scores import metrics_of

if TYPE_CHECKING:
    from harness.contamination.overlap import Rows
    from harness.corpora import CorpusRegistry
    from harness.outcome import Metric
    from harness.record import Record, ResultStore
    from harness.registry import EncoderPlugin
    from harness.tasks.base import Prepared, Task

#: Numbers on fewer clean rows are not given: they would be noise.
FEWEST = 20

_HASH = re.compile(r"[0-9a-f]{16}")


def declared_texts(name: str, library: CorpusRegistry) -> TrainingTexts:
    """Texts of a declared training set.

    Args:
        name: as on the card: `mr`, `sst5:train`, `wikipedia`.
        library: reads them.

    Raises:
        DataMissing: no corpus, or no part of one, that is here; says why.
        BenchError: the corpus is not as published.
    """
    splits = {card.name: tuple(card.rows) for card in library.cards()}
    corpus, part = identify(name)
    if corpus not in splits:
        # Corpora of other distributions have no aliases: `NAME` and `NAME:SPLIT` are read as they stand.
        corpus, _, given = name.partition(":")
        part = given or None
    if corpus not in splits:
        raise DataMissing("its texts are not among the corpora of this installation")
    # A corpus without splits has no smaller part that could be read: the whole is the cautious answer.
    wanted = [split for split in splits[corpus] if part is None or split in (part, "all")]
    if not wanted:
        raise DataMissing(f"this installation has no part {part!r} of {corpus}")
    try:
        texts = [text for split in wanted for text in library.load(corpus, split).texts]
    except DataMissing as error:
        raise DataMissing(f"the corpus {corpus} is not on this machine") from error
    return TrainingTexts(name, texts, covers=(name,), part=part)


def training_file(path: Path) -> TrainingTexts:
    """Read a file of training texts: one text a line, or one hash a line as in `training_texts.txt`.

    Raises:
        UsageError: it cannot be read, is no UTF-8, or is empty.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text ({error}); give one training text a line") from error
    if not lines:
        raise UsageError(f"{path} holds no text; give one training text, or the hash of one, a line")
    hashed = all(map(_HASH.fullmatch, lines))
    return TrainingTexts(path.name, hashes=lines) if hashed else TrainingTexts(path.name, lines)


def check_texts(
    plugins: Sequence[EncoderPlugin],
    tasks: Mapping[str, Task],
    library: CorpusRegistry,
    store: ResultStore,
    *,
    files: Mapping[str, Sequence[TrainingTexts]] | None = None,
    weights_dirs: Mapping[str, Path] | None = None,
) -> list[TextEvidence]:
    """Look the training texts of models up in tasks; tasks whose corpora are not here are named in a warning.

    Args:
        plugins: the models.
        tasks: task id → task.
        library: the corpora.
        store: results, for the numbers on the clean rows.
        files: model → training sets that the user names, in addition to what is declared.
        weights_dirs: encoder name → directory of its weights.

    Returns:
        What was found, model by model.

    Raises:
        DataMissing: none of the corpora is here.
        DataInvalid: a corpus is not the published one.
    """
    training = {plugin.name: _training(plugin, library, weights_dirs or {}) for plugin in plugins}
    declared = {one.name: inherited([one.card, *(base.card for base in lineage(one.card))]) for one in plugins}
    records = [record for record in store if record.status == "ok"]
    known: dict[tuple[str, ...], Evaluated] = {}
    found: dict[str, list[TextEvidence]] = {plugin.name: [] for plugin in plugins}
    absent: list[str] = []
    for task_id, task in tasks.items():
        try:
            prepared = task.prepare(library)
        except DataMissing:
            absent.append(task_id)
            continue
        texts = prepared.texts if prepared.scored is None else prepared.texts[-prepared.scored :]
        if texts not in known:
            known[texts] = Evaluated(texts)
        evaluated = known[texts]
        for name, entries in found.items():
            compared, missing = training[name]
            findings = [Finding(one, overlap(evaluated, one)) for one in (*compared, *(files or {}).get(name, ()))]
            part = "all" if task.split.startswith("cv") else task.split
            judged = judge(declared[name], task.corpus, part=part, findings=findings, not_compared=missing)
            nothing = np.zeros(len(evaluated), dtype=np.bool_)
            shared = np.logical_or.reduce([nothing, *(finding.overlap.shared for finding in findings)])
            own = [record for record in records if (record.model.name, record.task_id) == (name, task_id)]
            entries.append(
                TextEvidence(
                    model=name,
                    task_id=task_id,
                    contamination=judged,
                    rows=len(evaluated),
                    shared=to_ranges(shared),
                    **_numbers(sorted(own, key=lambda record: record.seed), store, prepared, ~shared),
                )
            )
    if len(absent) == len(tasks):
        raise DataMissing(
            "none of the scored corpora is on this machine, where alone texts are looked for: pass --data-dir DIR, or "
            "`bench data --fetch NAME` first; `bench data` lists them"
        )
    if absent:
        warnings.warn(f"not compared, the corpus is not on this machine: {', '.join(absent)}", stacklevel=2)
    return [entry for entries in found.values() for entry in entries]


def _training(
    plugin: EncoderPlugin, library: CorpusRegistry, weights_dirs: Mapping[str, Path]
) -> tuple[list[TrainingTexts], dict[str, str]]:
    """Training texts of a model and of those it started from, and why the texts of other sets are not compared."""
    compared: list[TrainingTexts] = []
    missing: dict[str, str] = {}
    covered: set[str] = set()
    chain = [plugin, *lineage(plugin.card)]
    names = [link.card.training_data or () for link in chain]
    for link, own, before in zip(chain, names, [*names[1:], ()], strict=True):
        try:
            encoder = link.create(weights_dir=weights_dirs.get(link.name.partition("@")[0]))
            ask = getattr(encoder, "training_text_hashes", None)
            hashes = ask() if callable(ask) else None
        except (ExtraMissing, WeightsMissing):
            continue
        except BenchError as error:
            # The models of the baselines have no such list; of others a broken one must be known.
            missing[f"the list of {link.name}"] = str(error)
            continue
        if hashes is not None:
            covers = [name for name in own if name not in before]
            compared.append(TrainingTexts(f"texts of {link.name}", hashes=hashes, covers=covers))
            covered.update(covers)
    for name in dict.fromkeys(name for own in names for name in own if name not in covered):
        try:
            compared.append(declared_texts(name, library))
        except BenchError as error:
            missing[name] = str(error)
    return compared, missing


def _numbers(records: Sequence[Record], store: ResultStore, prepared: Prepared, rows: Rows) -> dict[str, Any]:
    """What evidence says of the records of all seeds: whose they are, and their numbers on all rows and on some."""
    if not records:
        return {}
    known: dict[str, Any] = {
        **{"fingerprint": records[0].model.fingerprint, "data": records[0].data},
        "full": _mean([record.metrics for record in records]),
    }
    if rows.all():
        return known
    predictions = [store.predictions(record) or {} for record in records]
    if rows.sum() < FEWEST:
        remark = f"only {rows.sum()} clean rows"
    elif any(record.data != prepared.fingerprint for record in records):
        remark = "the record is of other data: measure again"
    elif not all(found and all(len(array) == len(rows) for array in found.values()) for found in predictions):
        remark = "no per-example predictions"
    else:
        pairs = zip(records, predictions, strict=True)
        clean = _mean([metrics_of(found, list(record.metrics), rows) for record, found in pairs])
        return {**known, "clean": clean, "remark": "" if clean else "predictions do not determine the numbers"}
    return {**known, "remark": remark}


def _mean(metrics: Sequence[Mapping[str, Metric]]) -> dict[str, Metric]:
    names = [name for name in metrics[0] if all(name in own for own in metrics)]
    return {name: combine_metric(name, [own[name] for own in metrics]) for name in names}
