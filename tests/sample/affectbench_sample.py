"""What tests measure on, found as another distribution would be: made-up sentences, tasks on them, an encoder."""

from dataclasses import replace
from itertools import product

import numpy as np

from harness.corpora import CorpusCard, Examples
from harness.corpora.base import row_ids
from harness.encoder import EncoderCard
from harness.tasks import emotion, geometry, polarity, valence_arousal
from harness.tasks.base import task_id

#: Emotion → valence, arousal, words.
FEELINGS = {
    "anger": (-0.6, 0.6, "angry furious outraged hostile annoyed"),
    "disgust": (-0.5, 0.1, "disgusted revolted sick appalled repelled"),
    "fear": (-0.7, 0.4, "afraid scared terrified worried anxious"),
    "joy": (0.8, 0.5, "happy glad delighted cheerful lucky"),
    "sadness": (-0.6, -0.4, "sad miserable lonely gloomy heartbroken"),
    "surprise": (0.2, 0.7, "surprised amazed astonished startled stunned"),
}
FRAMES = ("I felt {} about the {} today.", "The {1} left all of us {0}!", "Why be {} after such a {}?", "{}, that {}")
THINGS = ("film", "dinner", "letter", "exam", "journey", "garden", "storm", "concert", "meeting", "phone", "book")


class Sample:
    """The corpus."""

    card = CorpusCard(
        name="sample",
        title="Sample",
        rows={"train": 600, "dev": 200, "test": 300},
        labels="valence, arousal in [-1, 1]; label: its sign; emotion",
        licence="MIT",
        citation="none",
    )

    def read(self, split, files=None):
        rng = np.random.default_rng(0)
        words = [(e, word) for e, (*_, listed) in enumerate(FEELINGS.values()) for word in listed.split()]
        rows = [(e, frame.format(word, thing)) for (e, word), frame, thing in product(words, FRAMES, THINGS)]
        levels = np.array([(v, a) for v, a, _ in FEELINGS.values()])[[e for e, _ in rows]]
        levels += rng.normal(scale=0.15, size=levels.shape)
        first, last = {"train": (0, 600), "dev": (600, 800), "test": (800, 1100)}[split]
        chosen = rng.permutation(len(rows))[first:last]
        valence, arousal = levels[chosen].clip(-1, 1).T
        return Examples(
            texts=tuple(rows[i][1] for i in chosen),
            ids=row_ids(split, len(chosen)),
            labels={
                **{"valence": valence, "arousal": arousal, "label": (valence > 0).astype(np.int64)},
                "emotion": np.array([rows[i][0] for i in chosen]),
            },
            scales=dict.fromkeys(("valence", "arousal"), (-1.0, 1.0)),
            classes=tuple(FEELINGS),
        )


def tasks():
    """The paper's on this corpus."""
    families = (valence_arousal, polarity, emotion, geometry)
    known = {task_id(task): task for family in families for task in family.variants()}
    sample = {"corpus": "sample", "corpora": ("sample",), "suites": ("sample",)}
    return [
        replace(known["valence-arousal/emobank/official/1"], dimensions=("valence", "arousal"), **sample),
        replace(known["polarity/sst5/senteval-lr/1"], **sample),
        replace(known["emotion/goemotions/ekman6-single/1"], **sample),
        replace(known["geometry/goemotions/ekman6-mapped/1"], protocol="ekman6-single/1", **sample),
    ]


class Letters:
    """How often each vowel occurs, and the length."""

    card = EncoderCard(name="letters", family="floor", title="<script>alert(1)</script> & co", training_data=())
    fingerprint = "letters-1"

    def encode(self, texts):
        rows = [[text.lower().count(vowel) for vowel in "aeiou"] + [len(text)] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 6)


#: As `--models` takes it.
LETTERS = f"letters={__file__}:Letters"
