"""What a person sees of a run: one line a measurement, with the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

#: Measurement → how a line calls it; what is not here stands in the curves alone.
_SHOWN = {
    "loss": "loss",
    "mccl": "mccl",
    "ptd": "ptd",
    "teacher": "teacher",
    "auc_attacked": "auc",
    "auc_clean": "auc-clean",
    "effective_rank": "rank",
    "learning_rate": "lr",
    "score": "development",
    "held_out_auc_attacked": "held-out-auc",
    "held_out_auc_clean": "held-out-auc-clean",
}
_DEVELOPMENT = "dev_"


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(8.2), duration(125), duration(7265)
    ('8 s', '2:05 min', '2:01 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02d} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def measurements(measures: Mapping[str, float | None]) -> str:
    """The measurements that a line has room for, in a fixed order.

    >>> measurements({"mccl": 5.25, "loss": 4.5, "spread": 0.9, "auc_clean": None})
    'loss 4.5  mccl 5.25'
    """
    names = [(name, word) for name, word in _SHOWN.items() if name in measures]
    names += [(name, name.removeprefix(_DEVELOPMENT)) for name in measures if name.startswith(_DEVELOPMENT)]
    return "  ".join(f"{word} {value:.4g}" for name, word in names if (value := measures[name]) is not None)


class Pace:
    """Says how far a run is and when it will be done, by the speed since it was started or taken up again.

    Args:
        step: steps done before.
        steps: of the whole run.
        clock: seconds, from anywhere.
    """

    def __init__(self, step: int, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._first, self._steps, self._clock = step, steps, clock
        self._began = clock()

    def line(self, step: int, seconds: float, measures: Mapping[str, float | None], note: str = "") -> str:
        """One line of progress.

        Args:
            step: steps done.
            seconds: that the run took so far, over all its parts.
            measures: what was measured.
            note: what to say of it.
        """
        left = ""
        if self._first < step < self._steps:
            each = (self._clock() - self._began) / (step - self._first)
            left = f", {duration(each * (self._steps - step))} left"
        share = 100 * step / self._steps
        said = f"  ({note})" if note else ""
        return f"step {step}/{self._steps}  {share:3.0f} %  {duration(seconds)}{left}  {measurements(measures)}{said}"
