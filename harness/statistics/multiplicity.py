"""Many tests at once: Holm's correction (Holm 1979, Scandinavian Journal of Statistics 6)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted so that any at all below α is false with probability at most α, whatever their dependence.

    Args:
        p_values: of all tests of one table column, in any order.

    Returns:
        Adjusted values in the same order, each at most 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = largest
    return adjusted
