"""Which parameters learn how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from carl.config import Config
    from carl.model import Carl


def parameter_groups(model: Carl, config: Config) -> list[dict[str, Any]]:
    """Groups for AdamW by learning rate and weight decay: encoder or new heads, matrices or the rest.

    Pooler, projector, predictor and detector start from nothing and learn faster than the pretrained encoder. Biases
    and normalisation do not decay.

    Returns:
        Groups with `params`, `weight_decay` and `peak`, the learning rate that the schedule scales; the encoder first.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.trainable():
        encoder = name.startswith("online.backbone.") and ".pooler." not in name
        groups.setdefault((encoder, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "peak": config.learning_rate if encoder else config.head_learning_rate,
            "weight_decay": config.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), parameters in sorted(groups.items(), key=lambda entry: entry[0], reverse=True)
    ]
