"""The embedded corpus: 2,000 sentences composed by a grammar, so that everything runs with no download.

It is for trying the harness, for tests, and for diagnosis; **it is no benchmark of record** and its numbers say
nothing about published corpora. What makes it useful is that its labels follow from its composition by written
rules, and that its three parts share no content word: a bag of words learns next to nothing from the training
part, an encoder has to bring its own knowledge of words and make out negation, degree, contrast and mood.

While it was written, the mix of families and some of the test words were chosen with the scores of MiniLM and of a
bag of words in view, so that the first does clearly better and neither task is trivial. Those two scores were a
design target, then, and are no evidence about either encoder.

- `sample_vocabulary`, `sample_words_*`: the words with their valence, arousal, dominance and emotion.
- `sample_semantics`: the rules, one function a construction.
- `sample_frames`: the grammar, one row a sentence frame, in sixteen families.
- `sample_grammar`: the composition from a seed.
- `sample_pairs`: minimal pairs from the test words.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from harness.corpora.base import CorpusCard, Examples, Files, row_ids
from harness.corpora.sample_grammar import Sentence, compose_part
from harness.corpora.sample_pairs import MinimalPair, minimal_pairs
from harness.corpora.sample_semantics import EMOTIONS
from harness.corpora.sample_vocabulary import PARTS, vocabulary
from harness.errors import UsageError

__all__ = ["SEED", "MinimalPair", "Sample", "minimal_pairs", "sentences"]

#: Seed of the published sentences; part i is composed from SEED + i.
SEED = 2025

ROWS = {"train": 1200, "dev": 300, "test": 500}


@cache
def sentences(split: str) -> tuple[Sentence, ...]:
    """The sentences of a split with their affect and family, in the corpus's order."""
    return compose_part(vocabulary(split), ROWS[split], SEED + PARTS.index(split))


class Sample:
    """The `sample` corpus; see the module.

    >>> examples = Sample().read("test")
    >>> len(examples), sorted(examples.labels)
    (500, ['arousal', 'dominance', 'emotion', 'label', 'valence'])
    """

    card: ClassVar[CorpusCard] = CorpusCard(
        name="sample",
        title="Sample (embedded, composed)",
        rows=ROWS,
        labels=(
            "valence, arousal, dominance in [-1, 1] by rule; label: polarity of the valence (0 unpleasant, "
            f"1 pleasant); emotion: class among {', '.join(EMOTIONS)}; groups: family of the sentence frame"
        ),
        licence="MIT, as this distribution",
        citation="affectbench, harness/corpora/sample.py",
        characters=48,
        notes=(
            "No benchmark of record: composed sentences for trying the harness, for tests and for diagnosis. "
            "No content word is shared between train, dev and test. Its difficulty was set with MiniLM's test scores "
            "in view, so they are a design target and no evidence."
        ),
    )

    def read(self, split: str, files: Files | None = None) -> Examples:
        """Compose one split; `files` is not used, as nothing is read.

        Raises:
            UsageError: there is no such split.
        """
        import numpy as np

        if split not in ROWS:
            raise UsageError(f"corpus sample has no split {split!r}; there are {', '.join(ROWS)}")
        rows = sentences(split)
        valence, arousal, dominance = np.array([row.affect[:3] for row in rows], dtype=np.float64).T.copy()
        return Examples(
            texts=tuple(row.text for row in rows),
            ids=row_ids(split, len(rows)),
            labels={
                "valence": valence,
                "arousal": arousal,
                "dominance": dominance,
                "label": (valence > 0).astype(np.int64),
                "emotion": np.array([EMOTIONS.index(row.affect.emotion) for row in rows], dtype=np.int64),
            },
            groups=tuple(row.family for row in rows),
            scales=dict.fromkeys(("valence", "arousal", "dominance"), (-1.0, 1.0)),
            classes=EMOTIONS,
        )


CORPORA = (Sample(),)
