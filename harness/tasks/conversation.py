"""Emotion of utterances in conversations: multinomial logistic regression on frozen vectors, with and without context.

An encoder reads one text. Under `utterance` that is the utterance alone. Under `context-5` it is up to five previous
utterances of the same dialogue, oldest first, and then the utterance, each on a line of its own, without speakers.
Encoders cut long texts at their end, where the utterance stands; so the text has at most 64 words, and what is too
much is cut from the beginning: the oldest words go first, and the utterance always stays whole. The encoders here read
256 tokens and more, so that all have the same context before them.

C (2⁻⁴ to 2⁶) is chosen by weighted F1, the literature's number: on the development split of MELD and
EmoryNLP, and on IEMOCAP, which has none, by leaving out each training session in turn. IEMOCAP is scored on six
classes; its other turns are context and nothing else. Whole dialogues are resampled for the intervals, since the
utterances of one are not independent. Published numbers are of classifiers trained on these corpora with speakers and
whole dialogues at hand: a linear probe is another measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.tasks.base import Classification, Rows, Task
from harness.tasks.emotion import C_GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

METRICS = ("weighted.f1", "accuracy", "macro.f1")

#: Previous utterances of the form with context, and the words of the whole text.
PREVIOUS = 5
WORDS = 64

#: The six classes of the literature on IEMOCAP.
SIX = ("happy", "sad", "neutral", "angry", "excited", "frustrated")


@dataclass(frozen=True, kw_only=True)
class Conversation(Classification):
    """One corpus, with or without the previous utterances."""

    C_grid: tuple[float, ...] = C_GRID
    chosen_by: str = METRICS[0]
    previous: int
    """Previous utterances in the text, at most."""
    only: tuple[str, ...] = ()
    """Classes that are scored, in the order of the labels; empty for all of the corpus."""

    def rows(self, library: CorpusLibrary, split: str) -> Rows:
        """Texts as the encoder reads them, of the utterances with one of the classes."""
        examples = library.load(self.corpus, split)
        assert examples.groups is not None  # a corpus of dialogues names them
        classes = self.only or examples.classes
        number = {examples.classes.index(name): place for place, name in enumerate(classes)}
        kept = [row for row, label in enumerate(examples.labels["label"].tolist()) if label in number]
        labels = np.array([number[int(examples.labels["label"][row])] for row in kept], dtype=np.int64)
        texts = in_context(examples.texts, examples.groups, self.previous) if self.previous else examples.texts
        groups = tuple(examples.groups[row] for row in kept)
        return Rows(split, tuple(texts[row] for row in kept), labels, classes, examples, groups)

    def held_out(self, train: Rows) -> list[NDArray[np.int64]]:
        """The rows of each session of IEMOCAP."""
        sessions = np.array([dialogue.partition("/")[0] for dialogue in train.groups or ()])
        return [np.flatnonzero(sessions == session) for session in np.unique(sessions)]


def in_context(texts: Sequence[str], dialogues: Sequence[str], previous: int, words: int = WORDS) -> tuple[str, ...]:
    r"""Put the previous utterances of its dialogue before each utterance.

    Args:
        texts: utterances; those of a dialogue in their order.
        dialogues: dialogue of each.
        previous: most utterances before the last, 1 or more.
        words: most words of a text, counted between blanks; the oldest are cut. An utterance that is longer by itself
            stays whole and alone.

    >>> in_context(["Is it late?", "No.", "Hello!", "Good."], ["a", "a", "b", "a"], 2)
    ('Is it late?', 'Is it late?\nNo.', 'Hello!', 'Is it late?\nNo.\nGood.')
    >>> in_context(["one two three", "four", "five six"], ["a", "a", "a"], 2, words=5)
    ('one two three', 'one two three\nfour', 'two three\nfour\nfive six')
    """
    spoken: dict[str, list[str]] = {}
    joined = []
    for text, dialogue in zip(texts, dialogues, strict=True):
        earlier = spoken.setdefault(dialogue, [])
        room = words - len(text.split())
        lines = [text]
        for line in reversed(earlier[-previous:]):
            if room <= 0:
                break
            own = line.split()[-room:]
            room -= len(own)
            lines.append(" ".join(own))
        joined.append("\n".join(reversed(lines)))
        earlier.append(text)
    return tuple(joined)


def variants() -> list[Task]:
    """Each corpus without and with context."""
    iemocap = "Busso et al. 2008; six classes and session 5 as Majumder et al. 2019 (arXiv:1811.00405)"
    corpora: list[tuple[str, str, str, Literal["split", "folds-of-train"], tuple[str, ...]]] = [
        ("meld", "MELD, seven emotions", "Poria et al. 2019 (arXiv:1810.02508)", "split", ()),
        ("emorynlp", "EmoryNLP, seven emotions", "Zahiri and Choi 2018 (arXiv:1708.04299)", "split", ()),
        ("iemocap", "IEMOCAP transcripts, six emotions, tested on session 5", iemocap, "folds-of-train", SIX),
    ]
    forms = (
        ("utterance", 0, "the utterance alone"),
        (f"context-{PREVIOUS}", PREVIOUS, "after up to five previous utterances"),
    )
    return [
        Conversation(
            name="conversation",
            corpus=corpus,
            protocol=f"{form}/1",
            split="test",
            metrics=METRICS,
            summary=f"{summary}, {words}",
            source=source,
            previous=previous,
            holdout=holdout,
            only=only,
        )
        for corpus, summary, source, holdout, only in corpora
        for form, previous, words in forms
    ]
