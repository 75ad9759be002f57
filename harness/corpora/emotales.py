"""EmoTales: sentences of 18 folk tales rated by 6 to 14 raters (Francisco et al. 2012)."""

import json

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Source
from harness.corpora.files import Files, read_text

_JSON = Source(
    path="emotales/emotales_data.json",
    sha256="b6475d6fb22aeb976a68e447a21e83fb40aaeeafc892876d4fcce693cf53cbd2",
    size=1_476_832,
    url=(
        "https://raw.githubusercontent.com/centre-for-humanities-computing/DA_literary_SA/"
        "dace775706ddcd0cccf3a682e9f05f348cec03e7/data/EmoTales_w_features.json"
    ),
)
_RATERS = 14
#: Label → suffix of the raters' columns; the corpus calls arousal activation and dominance power.
_SUFFIXES = {"valence": "", "arousal": "_ACT", "dominance": "_POW"}
_SCALE = (1.0, 9.0)

CARD = CorpusCard(
    name="emotales",
    title="EmoTales",
    rows={"all": 1_395},
    labels="valence, arousal (activation), dominance (power): mean of 6 to 14 raters, integers 1 to 9 each",
    licence="none stated",
    citation="Francisco, Hervás, Peinado and Gervás, Language Resources and Evaluation 2012",
    homepage="https://github.com/centre-for-humanities-computing/DA_literary_SA",
    sources=(_JSON,),
    checksums={"all": "52dbb7cdc1ff2fee377101b74a4cacae"},
    aliases=("emo-tales",),
    notes=(
        "The means are taken from the raters' columns: the published columns HUMAN, avg_action and "
        "avg_power are wrong (they repeat by position over the tales; r = 0.10 with the true means). Three "
        "of the 1,398 sentences have no rater and are left out. Titles count as sentences. Groups are the "
        "18 tales; the corpus has no fixed split. "
    ),
)


class EmoTales:
    """The third party's JSON file: column → record key → value, NaN where a rater did not rate the record."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read all sentences that have raters (`all`)."""
        table = json.loads(read_text(files.path(_JSON)))
        columns = [[table[f"ANNOTATOR_{i}{suffix}"] for i in range(1, _RATERS + 1)] for suffix in _SUFFIXES.values()]
        marks, rows = [], []
        for place, (key, text) in enumerate(table["SENTENCE"].items()):
            given = np.array([[rater.get(key) for rater in own] for own in columns], dtype=np.float64)
            if not np.isnan(given).all(axis=1).any():
                marks.append(given)
                rows.append((f"{table['ID'][key]}-{place}", table["ID"][key], text))
        raters = np.array(marks)  # (n, labels, raters)
        counts = (~np.isnan(raters)).sum(axis=2)
        return Examples(
            texts=tuple(text for *_, text in rows),
            ids=tuple(identity for identity, *_ in rows),
            labels={name: (np.nansum(raters, axis=2) / counts)[:, i].copy() for i, name in enumerate(_SUFFIXES)},
            groups=tuple(tale for _, tale, _ in rows),
            scales=dict.fromkeys(_SUFFIXES, _SCALE),
            raters={name: raters[:, i] for i, name in enumerate(_SUFFIXES)},
        )


CORPORA = (EmoTales(),)
