"""What the harness measured of a checkpoint, for its card."""

from __future__ import annotations

from pathlib import Path

from carl.card import Evaluation
from harness.record import ResultStore
from harness.registry import encoder_names, find_encoder
from harness.transformer import TransformerEncoder

#: Family → metrics that stand in a card; of other families the first that a record has.
_SHOWN = {
    "valence-arousal": ("valence.pearson", "arousal.pearson"),
    "emotion": ("accuracy", "macro.f1"),
    "polarity": ("accuracy",),
    "geometry": ("alignment", "uniformity", "separation"),
}


def evaluations_of(checkpoint: Path, name: str, results: Path) -> list[Evaluation]:
    """Evaluations of a checkpoint's very weights, in the order of their tasks; of several seeds the first.

    Args:
        checkpoint: its directory.
        name: under which it ships.
        results: the directory of records.

    Raises:
        WeightsInvalid: the checkpoint is.
    """
    plugin = find_encoder(name if name in encoder_names() else f"hf:{checkpoint}")
    encoder = plugin.create(weights_dir=checkpoint)
    assert isinstance(encoder, TransformerEncoder)
    found: dict[str, Evaluation] = {}
    for record in ResultStore(results):
        same = record.model.name == plugin.name and record.model.fingerprint == encoder.fingerprint
        if same and record.status == "ok" and record.task_id not in found:
            shown = _SHOWN.get(record.task, tuple(record.metrics)[:1])
            found[record.task_id] = Evaluation(
                task=record.task_id,
                split=record.split,
                contamination=str(record.contamination.get("state", "unknown")),
                metrics={metric: record.metrics[metric] for metric in shown if metric in record.metrics},
            )
    return list(found.values())
