"""What there is: models, tasks and corpora as frames; and vectors in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def list_models() -> pd.DataFrame:
    """Declared encoders by name: what their cards say. Loads none of them; `bench models` also says which are ready."""
    import pandas as pd

    from harness.registry import encoder_plugins

    rows = [
        {
            "model": plugin.name,
            "title": plugin.card.shown,
            "family": plugin.card.family,
            "base": plugin.card.base,
            "pooling": plugin.card.pooling,
            "parameters": plugin.card.parameters,
            "training_data": None if plugin.card.training_data is None else ", ".join(plugin.card.training_data),
            "licence": plugin.card.licence,
            "weights": plugin.card.weights,
        }
        for plugin in encoder_plugins()
    ]
    return pd.DataFrame(rows).set_index("model")


def list_tasks(suite: str | None = None) -> pd.DataFrame:
    """Tasks by id: corpus, protocol, metrics, suites, source.

    Args:
        suite: only this one.

    Raises:
        UsageError: no such suite.
    """
    import pandas as pd

    from harness.registry import select_tasks, tasks

    chosen = tasks() if suite is None else select_tasks(suite, [])
    rows = [
        {
            "id": name,
            "task": task.name,
            "corpus": task.corpus,
            "protocol": task.protocol,
            "split": task.split,
            "metrics": ", ".join(task.metrics),
            "suites": ", ".join(task.suites),
            "stochastic": task.stochastic,
            "summary": task.summary,
            "source": task.source,
        }
        for name, task in chosen.items()
    ]
    return pd.DataFrame(rows).set_index("id")


def list_corpora(
    data_dir: str | Path | None = None,
    *,
    cache_dir: str | Path | None = None,
    fetch: bool = False,
    offline: bool = False,
) -> pd.DataFrame:
    """Corpora by name: where they are, their rows and licences.

    Args:
        data_dir: directory of the official files.
        cache_dir: the cache; None follows XDG_CACHE_HOME.
        fetch: load every corpus that is here or can be fetched, and verify it; faults stand in the column `fault`.
        offline: never use the network.
    """
    import pandas as pd

    from harness.corpora import CorpusRegistry
    from harness.errors import BenchError
    from harness.files import cache_root

    library = CorpusRegistry(
        None if data_dir is None else Path(data_dir),
        cache_root() if cache_dir is None else Path(cache_dir),
        offline=offline,
    )
    rows: list[dict[str, Any]] = []
    for name in library.names():
        fault = ""
        status = library.status(name)
        if fetch and status.place != "nowhere":
            try:
                status = library.fetch(name)
            except BenchError as error:
                fault = str(error)
        rows.append(
            {
                "corpus": name,
                "title": status.card.title,
                "place": status.place,
                "rows": sum(status.card.rows.values()),
                "splits": ", ".join(status.card.rows),
                "licence": status.card.licence,
                "fault": fault,
            }
        )
    return pd.DataFrame(rows).set_index("corpus")


def encode(texts: Sequence[str], model: str, **options: Any) -> NDArray[np.float32]:
    """Turn texts into vectors.

    Args:
        texts: any strings.
        model: an encoder's name.
        options: of `harness.load_encoder`: `weights_dir`, `device`, `max_length`, ...

    Returns:
        float32 (len(texts), dimensions), checked.

    Raises:
        UsageError: no such encoder or option.
        WeightsMissing, ExtraMissing: it cannot be made here.
        EncoderFault: it broke its contract.
    """
    from harness.encoder import encode_checked
    from harness.registry import load_encoder

    return encode_checked(load_encoder(model, **options), list(texts))
