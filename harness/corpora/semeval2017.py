"""SemEval-2017 task 4 A: polarity of tweets, with the earlier years' files for training (Rosenthal et al. 2017)."""

import re

import numpy as np

from harness.corpora.base import CorpusCard, Examples, row_ids, sources
from harness.corpora.files import Files, read_lines

_FOLDER = "semeval2017-task4A/"
_TRAIN = sources(
    *(f"{_FOLDER}train/twitter-", None),
    ("2013train-A.tsv", "111969d156c516b40bd504fcedcca52bbd44ec24add6f59290eb94df9b9c392c", 1420274),
    ("2013dev-A.tsv", "e402ab2e9bad766275ef5af490e2c3b0edca8236d60e6e69227589186bffd896", 241753),
    ("2013test-A.tsv", "eb98d2342016eefda22dd563aa1ccde18aed399eeba572d8c963bbc56c196164", 509953),
    ("2014test-A.tsv", "d6aa09ca41031e3deefb7e5b2f74f53260ab374f993e2275d8e4ccec6b210253", 268406),
    ("2014sarcasm-A.tsv", "8321459374f88fc32b0b93da76c8740e7a3f30256886dbe9fcebb04b0ae8906f", 9969),
    ("2015train-A.tsv", "29780e613f562a511fa427196503c3f95fea6c0298470e157deab88a0e0ed65e", 71983),
    ("2015test-A.tsv", "54b3481924c025d31ac9669c049603b91035b40e8becd6629fb9476a6d9a62f4", 344669),
    ("2016train-A.tsv", "f49f65cf5e94b47d077ab7715d3d0a656c09b5c71608678a672d7378ef79c932", 864760),
    ("2016test-A.tsv", "c90ee3e9cca3c4b019cc45169190c0bcc1c9e2eda938527e31d12040798dc453", 2995084),
)
_DEV = sources(
    *(f"{_FOLDER}train/twitter-", None),
    ("2016dev-A.tsv", "47bda81cb91db2bf92222a5f20742b5e3edc14eb391e74b882b284e5afd0c8bb", 294054),
    ("2016devtest-A.tsv", "c16686ebaa3b61770f4d4d2a60d051715146950faa93e039bb0aefb3523c3b38", 286151),
)
_TEST = sources(
    *(f"{_FOLDER}test/", None),
    (
        "SemEval2017-task4-test.subtask-A.english.txt",
        "ba92a90426d19ead3930e241e7babdb1ba8b57b6c34aada236d53d242ae38cd1",
        1704620,
    ),
)
_FILES = {"train": _TRAIN, "dev": _DEV, "test": _TEST}

CLASSES = ("negative", "neutral", "positive")

#: Characters that the older files write as escapes: ’ and the comma.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

CARD = CorpusCard(
    name="semeval2017-task4a",
    title="SemEval-2017 task 4 A (tweets)",
    rows={"train": 46_335, "dev": 3_999, "test": 12_284},
    labels="label: 0 negative, 1 neutral, 2 positive",
    licence="none stated; the platform's terms apply to the tweets",
    citation="Rosenthal, Farra and Nakov, SemEval 2017",
    homepage="https://alt.qcri.org/semeval2017/task4/",
    sources=(*_TRAIN, *_DEV, *_TEST),
    checksums={
        "train": "3364e5baa553cfa8f18c17653cd5d1d4",
        "dev": "15837e9f458f7967c7c38ff23e550d63",
        "test": "521a2e58227f7b3b2c1fac2bf1ed1aac",
    },
    aliases=(
        *("semeval2017-task4-a", "semeval-2017-task-4-a", "semeval-2017-task-4a", "semeval2017", "semeval-2017"),
        *("semeval2017-task4", "semeval-2017-task-4", "tweet-eval-sentiment", "tweeteval-sentiment"),
    ),
    notes=(
        "The task has no development part of its own: the two development files of 2016 are taken for it, all other "
        "files of 2013 to 2016 for training. Escapes such as \\u2019 in the files of 2013 and 2015 are decoded, a "
        "fourth, empty field is ignored, and doubled quotes stay as published. Ids repeat, so rows are numbered."
    ),
)


class Tweets:
    """Tab-separated files: id, label, text."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`."""
        rows = [line.split("\t") for source in _FILES[split] for line in read_lines(files.path(source))]
        return Examples(
            texts=tuple(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), row[2]) for row in rows),
            ids=row_ids(split, len(rows)),
            labels={"label": np.array([CLASSES.index(row[1]) for row in rows], dtype=np.int64)},
            classes=CLASSES,
        )


CORPORA = (Tweets(),)
