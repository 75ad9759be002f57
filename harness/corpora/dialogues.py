"""Dialogues of Friends with emotions: MELD (Poria et al. 2019) and EmoryNLP (Zahiri and Choi 2018).

Their files are in circulation in several copies (other signs for apostrophes), so that no digest of their content is
known here. Rows and classes are counted instead.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Source
from harness.corpora.files import Files, read_records, read_text


@dataclass(frozen=True)
class Utterance:
    """One utterance as it stands in a file."""

    identity: str
    """Unique within the split."""
    dialogue: str
    text: str
    emotion: str
    """Name of its class."""


def utterances(rows: Sequence[Utterance], classes: Sequence[str]) -> Examples:
    """Make examples of utterances that stand in the order of their dialogues.

    Raises:
        ValueError: an utterance stands there twice, or an emotion is not among the classes.
    """
    ids = tuple(row.identity for row in rows)
    if len(set(ids)) < len(ids):
        raise ValueError(f"{Counter(ids).most_common(1)[0][0]} stands there twice")
    return Examples(
        texts=tuple(row.text for row in rows),
        ids=ids,
        labels={"label": np.array([list(classes).index(row.emotion) for row in rows], dtype=np.int64)},
        groups=tuple(row.dialogue for row in rows),
        classes=tuple(classes),
    )


def _forms(folders: Sequence[str], names: dict[str, str]) -> dict[str, tuple[Source, ...]]:
    """Split → its file in each of the folders where it may stand."""
    return {split: tuple(Source(path=f"{folder}/{name}") for folder in folders) for split, name in names.items()}


#: In the order of the authors' word list.
MELD_CLASSES = ("anger", "disgust", "sadness", "joy", "neutral", "surprise", "fear")
_MELD = _forms(("meld", "MELD.Raw"), {split: f"{split}_sent_emo.csv" for split in ("train", "dev", "test")})
_MELD_HEADER = (
    *("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
)

#: Control characters that stand where a byte of Windows-1252 was taken for Latin-1 → the sign that was meant.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}

MELD = CorpusCard(
    name="meld",
    title="MELD",
    rows={"train": 9_989, "dev": 1_109, "test": 2_610},
    class_counts={
        "train": (1_109, 271, 683, 1_743, 4_710, 1_205, 268),
        "dev": (153, 22, 111, 163, 470, 150, 40),
        "test": (345, 68, 208, 402, 1_256, 281, 50),
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(MELD_CLASSES))}",
    licence="GPL-3.0, as its page on the dataset hub states",
    citation="Poria et al., ACL 2019 (arXiv:1810.02508); Chen et al., LREC 2018 (EmotionLines)",
    homepage="https://github.com/declare-lab/MELD",
    sources=tuple(first for first, _ in _MELD.values()),
    others=(tuple(second for _, second in _MELD.values()),),
    aliases=("meld-raw",),
    notes=(
        "`SPLIT_sent_emo.csv` in `meld/` or, as the archive unpacks, `MELD.Raw/`. Groups are the dialogues. Signs of "
        "Windows-1252 that stand as control characters in some copies (U+0092 for an apostrophe) are put back; other "
        "copies lost them or hold them rightly, which the corpus fingerprint in a result tells apart. Rows by the "
        "statistics in the repository's README; classes as counted in tae898/multimodal-datasets "
        "(MELD/dataset-stats.md)."
    ),
)


class Meld:
    """The authors' three CSV files."""

    card = MELD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, by dialogue and utterance."""
        rows = [
            (int(dialogue), int(utterance), mended(text), emotion)
            for _, text, _, emotion, _, dialogue, utterance, *_ in read_records(files.path(*_MELD[split]), _MELD_HEADER)
        ]
        rows.sort(key=lambda row: row[:2])
        # The names of the authors' clips.
        found = [Utterance(f"dia{d}_utt{u}", f"dia{d}", text, emotion) for d, u, text, emotion in rows]
        return utterances(found, MELD_CLASSES)


def mended(text: str) -> str:
    r"""Put signs of Windows-1252 back where control characters stand for them; text without them stays as it is.

    >>> mended("that\x92s all\x85")
    'that’s all…'
    """
    return text.translate(_WINDOWS)


#: In the order of the authors' table, lower-case.
EMORY_CLASSES = ("neutral", "joyful", "peaceful", "powerful", "scared", "mad", "sad")
_EMORY = _forms(
    ("emorynlp", "emotion-detection/json"),
    {split: f"emotion-detection-{name}.json" for split, name in (("train", "trn"), ("dev", "dev"), ("test", "tst"))},
)

EMORY = CorpusCard(
    name="emorynlp",
    title="EmoryNLP emotion detection",
    rows={"train": 9_934, "dev": 1_344, "test": 1_328},
    class_counts={
        "train": (3_034, 2_184, 900, 784, 1_285, 1_076, 671),
        "dev": (393, 289, 132, 134, 178, 143, 75),
        "test": (349, 282, 159, 145, 182, 113, 98),
    },
    labels=f"label: {', '.join(f'{i} {name}' for i, name in enumerate(EMORY_CLASSES))}",
    licence="none stated with the annotation; the scripts are their owners'",
    citation="Zahiri and Choi, AAAI workshop on Affective Content Analysis 2018 (arXiv:1708.04299)",
    homepage="https://github.com/emorynlp/emotion-detection",
    sources=tuple(first for first, _ in _EMORY.values()),
    others=(tuple(second for _, second in _EMORY.values()),),
    aliases=("emory-nlp",),
    notes=(
        "Groups are the scenes. Rows and classes by the tables in the authors' README. Much of the literature, SACL "
        "among it, measures on a subset with time stamps (7,551, 954 and 984 utterances, `emorynlp_*_final.csv`): its "
        "numbers are of other rows. The episodes overlap with those of MELD."
    ),
)


class EmoryNlp:
    """The authors' three JSON files: episodes, scenes in them, utterances in these."""

    card = EMORY

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`, in the file's order."""
        content: Any = json.loads(read_text(files.path(*_EMORY[split])))
        rows = [
            Utterance(row["utterance_id"], scene["scene_id"], row["transcript"], row["emotion"].lower())
            for episode in content["episodes"]
            for scene in episode["scenes"]
            for row in scene["utterances"]
        ]
        return utterances(rows, EMORY_CLASSES)


CORPORA = (Meld(), EmoryNlp())
