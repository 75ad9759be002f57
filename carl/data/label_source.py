"""Training texts of one source with their valence and arousal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Texts of one source with their labels."""

    name: str
    """As an encoder's card declares training data, e.g. `emobank:train`."""
    title: str
    licence: str
    texts: tuple[str, ...]
    labels: NDArray[np.float32]
    """(n, 2 or 3): valence, arousal and perhaps dominance in [−1, 1]; NaN where there is none."""
    kind: str = "human"
    """`human`: rated for affect by people; `rated`: stars; `unlabelled`."""
    left_out: int = 0
    """Rows that are no training text: empty, or a text of EmoBank's development or test split."""

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labelled(self) -> bool:
        """Whether its texts have labels at all."""
        return not bool((self.labels[:, 0] != self.labels[:, 0]).any())

    def select(self, keep: Iterable[int]) -> LabelSource:
        """The source with some of its rows."""
        rows = list(keep)
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            labels=self.labels[rows],
            left_out=self.left_out + len(self.texts) - len(rows),
        )
