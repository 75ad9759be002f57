"""Which evaluated texts are training texts: the same, the same but for case and punctuation, or nearly the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness.contamination.near import near_duplicates
from harness.contamination.normal_form import exact_form, form_hash, normal_form

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.bool_]

#: A shared text tells something from this many letters and digits on; "thank you" is in every collection. Shorter
#: ones are counted and left out of the clean rows, but make no asterisk, and have no near-duplicates.
TELLING = 15


@dataclass(frozen=True)
class Evaluated:
    """The texts that a task scores, in the order of its predictions."""

    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def exact(self) -> tuple[str, ...]:
        """Exact forms (n,)."""
        return tuple(map(exact_form, self.texts))

    @cached_property
    def normal(self) -> tuple[str, ...]:
        """Normal forms (n,); empty where a text has neither letters nor digits."""
        return tuple(map(normal_form, self.texts))

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """Hashes of the normal forms (n,)."""
        return tuple(map(form_hash, self.normal))

    @cached_property
    def telling(self) -> Rows:
        """Which texts are long enough to tell something (n,)."""
        import numpy as np

        return np.array([len(form) >= TELLING for form in self.normal], dtype=np.bool_)


class TrainingTexts:
    """A training set, as texts or as hashes of their normal forms.

    Args:
        name: how the evidence calls it: the name on the card, a file's name, or whose list it is.
        texts: the texts, where they are known.
        hashes: hashes in place of them.
        covers: names on the card that these texts stand for.
        part: part of the data set, where it is one.
    """

    def __init__(
        self,
        name: str,
        texts: Iterable[str] | None = None,
        *,
        hashes: Iterable[str] = (),
        covers: Iterable[str] = (),
        part: str | None = None,
    ) -> None:
        self.name = name
        self.covers = tuple(covers)
        self.part = part
        self.exact: frozenset[str] | None = None
        self.normal: tuple[str, ...] | None = None
        if texts is None:
            self.hashes = frozenset(hashes)
            return
        kept = tuple(texts)
        self.exact = frozenset(map(exact_form, kept))
        # A text without letters and digits is equal to another one by its exact form alone.
        self.normal = tuple(dict.fromkeys(filter(None, map(normal_form, kept))))
        self.hashes = frozenset(map(form_hash, self.normal)).union(hashes)

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True)
class Overlap:
    """Evaluated rows that stand in a training set, (n,) each."""

    telling: Rows
    """Rows long enough to tell something, shared or not."""
    normal: Rows
    """Equal by the normal form."""
    exact: Rows | None = None
    """Equal by the exact form; None where only hashes are known."""
    near: Rows | None = None
    """Near-duplicates of those that are not equal; None where they were not searched."""

    @property
    def shared(self) -> Rows:
        """Rows that are shared in any way."""
        import numpy as np

        parts = [part for part in (self.exact, self.near) if part is not None]
        return np.asarray(np.logical_or.reduce([self.normal, *parts]), dtype=np.bool_)

    @property
    def marks(self) -> bool:
        """Whether the number gets an asterisk: a shared text that tells something."""
        return bool((self.shared & self.telling).any())

    def counts(self, part: str) -> dict[str, int | str]:
        """The counts of `Match.counts`: rows, and how many are shared at each level that was compared.

        Args:
            part: which part of the corpus the rows are.
        """
        import numpy as np

        levels = {"exact": self.exact, "normal": self.normal, "near": self.near, "shared": self.shared}
        found = {name: int(np.count_nonzero(rows)) for name, rows in levels.items() if rows is not None}
        return {"part": part, "rows": len(self.normal), **found}


def overlap(evaluated: Evaluated, training: TrainingTexts, *, near: bool = False) -> Overlap:
    """Look every evaluated text up in a training set.

    Args:
        evaluated: the texts that are scored.
        training: the training set.
        near: also search near-duplicates, which needs the texts themselves.

    Raises:
        ExtraMissing: near-duplicates are asked for and the packages are not installed.
    """
    import numpy as np

    known, hashes = training.exact, training.hashes
    exact = None if known is None else np.array([form in known for form in evaluated.exact], dtype=np.bool_)
    normal = np.array(
        [bool(form) and digest in hashes for form, digest in zip(evaluated.normal, evaluated.hashes, strict=True)],
        dtype=np.bool_,
    )
    found = Overlap(evaluated.telling, normal, exact)
    if not near or training.normal is None:
        return found
    open_rows = np.flatnonzero(evaluated.telling & ~found.shared)
    close = np.zeros(len(evaluated), dtype=np.bool_)
    close[open_rows] = near_duplicates(
        [evaluated.normal[i] for i in open_rows], (form for form in training.normal if len(form) >= TELLING)
    )
    return Overlap(evaluated.telling, normal, exact, close)


def joined(overlaps: Iterable[Overlap], n: int) -> Rows:
    """Rows that are shared with any of several training sets (n,)."""
    import numpy as np

    rows = np.zeros(n, dtype=np.bool_)
    for found in overlaps:
        rows |= found.shared
    return rows
