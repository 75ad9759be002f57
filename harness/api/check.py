"""`bench contamination` and `bench compare` between two measurements, as calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.comparison import Changes
    from harness.contamination import TextEvidence


def changes(
    before: str | Path,
    after: str | Path,
    *,
    models: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
    tolerance: float = 0.0,
) -> Changes:
    """Say which recorded numbers differ between two directories of results, to the last digit.

    Args:
        before: directory of records.
        after: another.
        models: only these; None for all.
        tasks: only these ids; None for all.
        tolerance: largest difference that counts as none.
    """
    from harness.comparison import changes as compare_stores
    from harness.record import ResultStore

    return compare_stores(
        ResultStore(Path(before)), ResultStore(Path(after)), models=models, tasks=tasks, tolerance=tolerance
    )


def check_contamination(
    models: str | Sequence[str],
    tasks: str | Sequence[str] = (),
    *,
    suite: str | None = None,
    data_dir: str | Path | None = None,
    results_dir: str | Path = "results",
    cache_dir: str | Path | None = None,
    offline: bool = False,
    write: bool = False,
) -> list[TextEvidence]:
    """Compare what models were trained on with what they are scored on, text by text.

    Args:
        models: names of encoders.
        tasks: families, family/corpus, ids or shell patterns.
        suite: only this suite; the paper's when neither is given.
        data_dir: directory of the official files; tasks whose corpora are not here are left out.
        results_dir: records, for the numbers on the clean rows.
        cache_dir: the cache; None follows XDG_CACHE_HOME.
        offline: never use the network.
        write: keep the evidence beside the records, so that tables mark by it.

    Raises:
        UsageError: a name that does not exist.
        DataMissing: none of the corpora is here.
    """
    from harness.contamination import write_evidence
    from harness.corpora import CorpusRegistry
    from harness.errors import DataMissing
    from harness.files import cache_root
    from harness.record import ResultStore
    from harness.registry import find_encoder, select_tasks
    from harness.text_check import TextCheck

    plugins = [find_encoder(name) for name in ([models] if isinstance(models, str) else models)]
    check = TextCheck(
        CorpusRegistry(
            None if data_dir is None else Path(data_dir),
            cache_root() if cache_dir is None else Path(cache_dir),
            offline=offline,
        ),
        ResultStore(Path(results_dir)),
    )
    present, missing = {}, ""
    for name, task in select_tasks(suite, [tasks] if isinstance(tasks, str) else list(tasks)).items():
        try:
            check.rows(name, task)
        except DataMissing as error:
            missing = missing or str(error)
        else:
            present[name] = task
    if not present:
        raise DataMissing(f"none of the corpora is on this machine. {missing}")
    found = [evidence for plugin in plugins for evidence in check.model(plugin, present)]
    if write:
        write_evidence(Path(results_dir), found)
    return found
