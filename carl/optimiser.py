"""Which parameters learn how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    return grouped(
        model.trainable(), config, lambda name: name.startswith("online.backbone.") and ".pooler." not in name
    )


class Rates(Protocol):
    """What the groups ask of a configuration."""

    @property
    def learning_rate(self) -> float: ...  # noqa: D102

    @property
    def head_learning_rate(self) -> float: ...  # noqa: D102

    @property
    def weight_decay(self) -> float: ...  # noqa: D102


def grouped(
    parameters: Iterable[tuple[str, nn.Parameter]], rates: Rates, pretrained: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """Groups for AdamW of any networks; see `parameter_groups`.

    Args:
        parameters: name and parameter of all that is trained.
        rates: peak learning rates and weight decay.
        pretrained: whether a parameter of that name belongs to the pretrained encoder.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in parameters:
        groups.setdefault((pretrained(name), parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": group,
            "peak": rates.learning_rate if encoder else rates.head_learning_rate,
            "weight_decay": rates.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), group in sorted(groups.items(), key=lambda entry: entry[0], reverse=True)
    ]
