"""Compare what models were trained on with what they are scored on, text by text.

    found = check_contamination("senticse", suite="paper", data_dir="data", results_dir="results")

Training texts come from three places: a list of hashes that a checkpoint ships (an encoder's optional method
`training_text_hashes() -> frozenset[str] | None`), the declared corpora that are on this machine, and files that the
user names. The models that a model started from count as well. Texts are read, never kept: the answer holds counts,
row numbers, and each number on the rows that the model was not trained on.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.contamination import Evaluated, Finding, TextEvidence, TrainingTexts, identify, inherited, judge, overlap
from harness.contamination.evidence import to_ranges, write_evidence
from harness.contamination.overlap import Rows
from harness.corpora import CorpusRegistry
from harness.errors import BenchError, DataMissing, UsageError, unknown_name
from harness.files import RESULTS_DIR, cache_root
from harness.leaderboard.evaluations import combine_metric
from harness.outcome import Metric
from harness.record import Record, ResultStore
from harness.registry import EncoderPlugin, find_encoder, lineage, select_tasks
from harness.registry import tasks as every_task
from harness.statistics.scores import metrics_of
from harness.tasks.base import Prepared

#: Numbers on fewer clean rows are not given: they would be noise.
FEWEST = 20

_HASH = re.compile(r"[0-9a-f]{16}")


def check_contamination(
    models: str | Sequence[str] = (),
    tasks: str | Sequence[str] = (),
    *,
    suite: str | None = None,
    data_dir: str | Path | None = None,
    results_dir: str | Path = RESULTS_DIR,
    cache_dir: str | Path | None = None,
    training_texts: Mapping[str, Sequence[str | Path]] | None = None,
    weights_dirs: Mapping[str, str | Path] | None = None,
    write: bool = False,
) -> list[TextEvidence]:
    """Compare what models were trained on with what they are scored on, text by text, without the network.

    Args:
        models: names of encoders; none for those of the results.
        tasks: families, family/corpus, ids or shell patterns.
        suite: only this suite. Without suite and tasks: what was recorded of the models, else the paper's.
        data_dir: directory of the official files; a warning names the tasks whose corpora are not here.
        results_dir: records, for the numbers on the clean rows.
        cache_dir: the cache; None follows XDG_CACHE_HOME.
        training_texts: model → files with more of its training texts, one text or one hash a line.
        weights_dirs: model → its own checkpoint.
        write: keep the evidence beside the records, so that tables mark by it.

    Returns:
        What was found, model by model.

    Raises:
        UsageError: a name that does not exist, no models and no results, or a file that is no UTF-8 text.
        DataMissing: none of the corpora is here.
        DataInvalid: a corpus is not the published one.
    """
    store = ResultStore(Path(results_dir))
    records = sorted((record for record in store if record.status == "ok"), key=lambda record: record.seed)
    names = [models] if isinstance(models, str) else list(models) or sorted({one.model.name for one in records})
    if not names:
        raise UsageError(f"there are no results in {results_dir}: name models, e.g. bench contamination -m senticse")
    if strange := (training_texts or {}).keys() - set(names):
        raise unknown_name("model with training texts", min(strange), names)
    patterns = [tasks] if isinstance(tasks, str) else list(tasks)
    if suite is None and not patterns:
        recorded = {one.task_id.partition("+limit-")[0] for one in records if one.model.name in names}
        patterns = [task for task in every_task() if task in recorded]
    wanted = select_tasks(suite, patterns)
    library = CorpusRegistry(Path(data_dir) if data_dir else None, Path(cache_dir or cache_root()), offline=True)
    plugins = []
    for name in names:
        try:
            plugins.append(find_encoder(name))
        except UsageError:  # it was given by its directory, under a name of its own
            if name not in {one.model.name for one in records}:
                raise
            warnings.warn(f"not compared, nothing is known of what it was trained on: {name}", stacklevel=2)
    if not plugins:
        raise UsageError("nothing is known of what these models were trained on: name one of `bench models`")
    training = {plugin.name: _training(plugin, library, weights_dirs or {}) for plugin in plugins}
    for name, paths in (training_texts or {}).items():
        training[find_encoder(name).name][0].extend(training_file(Path(path)) for path in paths)
    seen = {one.name: inherited([one.card, *(base.card for base in lineage(one.card))]) for one in plugins}
    evaluate = cache(Evaluated)
    found: list[TextEvidence] = []
    absent: list[str] = []
    for task_id, task in wanted.items():
        try:
            prepared = task.prepare(library)
        except DataMissing:
            absent.append(task_id)
            continue
        texts = prepared.texts if prepared.scored is None else prepared.texts[-prepared.scored :]
        evaluated = evaluate(texts)
        part = "all" if task.split.startswith("cv") else task.split
        for name, (compared, missing) in training.items():
            findings = [Finding(one, overlap(evaluated, one)) for one in compared]
            nothing = np.zeros(len(evaluated), dtype=np.bool_)
            shared = np.logical_or.reduce([nothing, *(finding.overlap.shared for finding in findings)])
            own = [record for record in records if (record.model.name, record.task_id) == (name, task_id)]
            found.append(
                TextEvidence(
                    model=name,
                    task_id=task_id,
                    contamination=judge(seen[name], task.corpus, part=part, findings=findings, not_compared=missing),
                    rows=len(evaluated),
                    shared=to_ranges(shared),
                    **_numbers(own, store, prepared, ~shared),
                )
            )
    if not found:
        raise DataMissing(
            "none of the scored corpora is on this machine, where alone texts are looked for: pass --data-dir DIR, or "
            "`bench data --fetch NAME` first; `bench data` lists them"
        )
    if absent:
        warnings.warn(f"not compared, the corpus is not on this machine: {', '.join(absent)}", stacklevel=2)
    found.sort(key=lambda entry: list(training).index(entry.model))
    if write:
        write_evidence(store.directory, found)
    return found


def declared_texts(name: str, library: CorpusRegistry) -> TrainingTexts:
    """Texts of a declared training set, named as on the card: `mr`, `sst5:train`, `wikipedia`.

    Raises:
        DataMissing: no corpus, or no part of one, that is here; says why.
        BenchError: the corpus is not as published.
    """
    corpus, part = identify(name)
    if corpus not in library.names():  # those of other distributions have no aliases: `NAME` and `NAME:SPLIT` stand
        corpus, _, split = name.partition(":")
        part = split or None
    if corpus not in library.names():
        raise DataMissing("its texts are not among the corpora of this installation")
    # A corpus without splits has no smaller part that could be read: the whole is the cautious answer.
    wanted = [split for split in library.card(corpus).rows if part is None or split in (part, "all")]
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


def _training(
    plugin: EncoderPlugin, library: CorpusRegistry, weights_dirs: Mapping[str, str | Path]
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
            hashes = getattr(encoder, "training_text_hashes", lambda: None)()
        except BenchError as error:
            # Published models that are not here have no such list; a broken one must be known.
            if error.status == "failed":
                missing[f"the list of {link.name}"] = str(error)
            continue
        if hashes is not None:
            covers = set(own).difference(before)
            compared.append(TrainingTexts(f"texts of {link.name}", hashes=hashes, covers=covers))
            covered |= covers
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
    full, clean, remark = _mean([record.metrics for record in records]), {}, ""
    if not rows.all():
        predictions = [store.predictions(record) or {} for record in records]
        lengths = {len(array) for found in predictions for array in found.values()}
        if rows.sum() < FEWEST:
            remark = f"only {rows.sum()} clean rows"
        elif not all(predictions) or lengths != {len(rows)} or {one.data for one in records} != {prepared.fingerprint}:
            remark = "no per-example predictions on this data"
        else:
            pairs = zip(records, predictions, strict=True)
            clean = _mean([metrics_of(found, list(record.metrics), rows) for record, found in pairs])
            remark = "" if clean else "predictions do not determine the numbers"
    facts = {"fingerprint": records[0].model.fingerprint, "data": records[0].data}
    return {**facts, "full": full, "clean": clean, "remark": remark}


def _mean(metrics: Sequence[Mapping[str, Metric]]) -> dict[str, Metric]:
    names = [name for name in metrics[0] if all(name in own for own in metrics)]
    return {name: combine_metric(name, [own[name] for own in metrics]) for name in names}
