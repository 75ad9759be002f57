"""Texts with one emotion each, and their classification: multinomial logistic regression on frozen vectors.

GoEmotions rows carry several of 28 labels; the protocol's name says which rows count: `selected` keeps rows whose only
label is one of the six basic emotions by its own name, `mapped` maps first and keeps rows with one Ekman class,
`single` keeps rows with one fine label, `neutral-dropped` ignores a neutral tag beside an emotion. Six classes leave
neutral rows out, seven keep them. Mapped, more than half of the rows are joy, so macro F1 stands beside accuracy, and
chooses C.
"""

from dataclasses import dataclass
from typing import Literal

from harness.corpora.base import CorpusLibrary
from harness.corpora.goemotions import Reading, ekman
from harness.tasks.base import Classification, Rows, Task

#: Values of C of the linear probe.
C_GRID = tuple(2.0**power for power in range(-4, 7))

METRICS = (
    *("accuracy", "macro.f1", "macro.precision", "macro.recall"),
    *("weighted.f1", "weighted.precision", "weighted.recall"),
)


@dataclass(frozen=True, kw_only=True)
class EmotionTask(Task):
    """A task over texts with one emotion each."""

    reading: Reading = "mapped"
    """Of GoEmotions' several labels; see `harness.corpora.goemotions.ekman`."""
    classes: Literal[6, 7] = 6
    """7 with neutral."""

    def rows(self, library: CorpusLibrary, split: str) -> Rows:
        """Rows of a split with exactly one emotion."""
        examples = library.load(self.corpus, split)
        own = next((name for name in ("emotion", "label") if name in examples.labels), None)
        if own is not None:
            return Rows.of(examples, split, range(len(examples)), examples.labels[own])
        chosen = ekman(examples, self.reading, self.classes)
        return Rows.of(examples, split, chosen.rows, chosen.labels, classes=chosen.classes)


@dataclass(frozen=True, kw_only=True)
class Emotion(EmotionTask, Classification):
    """One corpus under one reading of its labels."""

    C_grid: tuple[float, ...] = C_GRID
    chosen_by: str = "macro.f1"


def _task(protocol: str, reading: Reading, classes: Literal[6, 7], summary: str, *suites: str) -> Emotion:
    return Emotion(
        name="emotion",
        corpus="goemotions",
        protocol=protocol,
        split="test",
        metrics=METRICS,
        suites=suites,
        summary=summary,
        source="Demszky et al. 2020 (arXiv:2005.00547), the authors' ekman_mapping.json",
        reading=reading,
        classes=classes,
    )


def variants() -> list[Task]:
    """The tasks of this family; the paper's reading first."""
    go = "GoEmotions, neutral as a seventh class"
    dropped = "GoEmotions, neutral ignored beside an emotion, six classes"
    return [
        _task("ekman6-selected/1", "selected", 6, "GoEmotions, rows of the six basic emotions alone", "paper"),
        _task("ekman6-mapped/1", "mapped", 6, "GoEmotions, six Ekman classes, labels mapped first", "paper", "recipes"),
        _task("ekman7-mapped/1", "mapped", 7, go, "extended"),
        _task("ekman6-single/1", "single", 6, "GoEmotions rows with one fine label, six classes", "extended"),
        _task("ekman7-single/1", "single", 7, go, "extended"),
        _task("ekman6-neutral-dropped/1", "neutral-dropped", 6, dropped, "extended"),
    ]
