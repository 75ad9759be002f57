"""SemEval-2017 task 4 A: polarity of tweets, with the earlier years' files for training (Rosenthal et al. 2017)."""

from __future__ import annotations

import re

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split


def _file(name: str, sha256: str, size: int) -> Source:
    return Source(path=f"semeval2017-task4A/{name}", sha256=sha256, size=size)


_TRAIN = (
    _file("train/twitter-2013train-A.tsv", "111969d156c516b40bd504fcedcca52bbd44ec24add6f59290eb94df9b9c392c", 1420274),
    _file("train/twitter-2013dev-A.tsv", "e402ab2e9bad766275ef5af490e2c3b0edca8236d60e6e69227589186bffd896", 241753),
    _file("train/twitter-2013test-A.tsv", "eb98d2342016eefda22dd563aa1ccde18aed399eeba572d8c963bbc56c196164", 509953),
    _file("train/twitter-2014test-A.tsv", "d6aa09ca41031e3deefb7e5b2f74f53260ab374f993e2275d8e4ccec6b210253", 268406),
    _file("train/twitter-2014sarcasm-A.tsv", "8321459374f88fc32b0b93da76c8740e7a3f30256886dbe9fcebb04b0ae8906f", 9969),
    _file("train/twitter-2015train-A.tsv", "29780e613f562a511fa427196503c3f95fea6c0298470e157deab88a0e0ed65e", 71983),
    _file("train/twitter-2015test-A.tsv", "54b3481924c025d31ac9669c049603b91035b40e8becd6629fb9476a6d9a62f4", 344669),
    _file("train/twitter-2016train-A.tsv", "f49f65cf5e94b47d077ab7715d3d0a656c09b5c71608678a672d7378ef79c932", 864760),
    _file("train/twitter-2016test-A.tsv", "c90ee3e9cca3c4b019cc45169190c0bcc1c9e2eda938527e31d12040798dc453", 2995084),
)
_DEV = (
    _file("train/twitter-2016dev-A.tsv", "47bda81cb91db2bf92222a5f20742b5e3edc14eb391e74b882b284e5afd0c8bb", 294054),
    _file(
        "train/twitter-2016devtest-A.tsv", "c16686ebaa3b61770f4d4d2a60d051715146950faa93e039bb0aefb3523c3b38", 286151
    ),
)
_TEST = (
    _file(
        "test/SemEval2017-task4-test.subtask-A.english.txt",
        "ba92a90426d19ead3930e241e7babdb1ba8b57b6c34aada236d53d242ae38cd1",
        1704620,
    ),
)
_FILES = {"train": _TRAIN, "dev": _DEV, "test": _TEST}

CLASSES = ("negative", "neutral", "positive")

#: Characters that the older files write as escapes: ’ and the comma.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

CARD = PinnedCard(
    name="semeval2017-task4a",
    title="SemEval-2017 task 4 A (tweets)",
    rows={"train": 46_335, "dev": 3_999, "test": 12_284},
    labels="label: 0 negative, 1 neutral, 2 positive",
    licence="none stated; the platform's terms apply to the tweets",
    citation="Rosenthal, Farra and Nakov, SemEval 2017",
    homepage="https://alt.qcri.org/semeval2017/task4/",
    sources=(*_TRAIN, *_DEV, *_TEST),
    pins={
        "train": Pin(
            rows=(9_684, 1_654, 3_547, 1_853, 86, 489, 2_390, 6_000, 20_632),
            fingerprint="3364e5baa553cfa8f18c17653cd5d1d4",
            unordered="ffc9c252e3e57bd77a11705dd80b8ba7",
            blocks=(
                "21c184ad537eb67be44c311f5d644b7124d887de9557f00504b3a86b52b66a4d9a308a45c45e7a2ab0a2b74889474283"
                "f68c27beb8256f1611f3b7f0b67960aaeb5a982b0b9764e1006a4b8e8bb0e824558b8baa26bd318fbc8bc45822021a90"
                "4fcc782faff65ab4194c23d7465da17c8514e38ba8e8f97255f3c645882ab95a42a48b9d62711e91b87409c109b00b46"
                "534d69e4e125f85720c2eb8ead87066fc7d0072cfd29dc6d4d1cd130a7ffcf03fb48e68e36b7648b304afbd1107d178d"
                "d42b"
            ),
        ),
        "dev": Pin(
            rows=(1_999, 2_000),
            fingerprint="15837e9f458f7967c7c38ff23e550d63",
            unordered="08216c26064e82fdebe8687a42842204",
            blocks="8a13578be794106648a00e5caa348413",
            ascii=True,
        ),
        "test": Pin(
            rows=(12_284,),
            fingerprint="521a2e58227f7b3b2c1fac2bf1ed1aac",
            unordered="137b256fd261434a6aaa2f07d2c10b40",
            blocks="bae6e57879adeb59732e182508f710fe741b107d92986892b9fecf9f0aa63fe78755243ae799ef23213954a3999d0532c2f3",
        ),
    },
    notes=(
        "The task has no development part of its own: the two development files of 2016 are taken for it, all other "
        "files of 2013 to 2016 for training. Escapes such as \\u2019 in the files of 2013 and 2015 are decoded, a "
        "fourth, empty field is ignored, and doubled quotes stay as published. Ids repeat, so rows are numbered."
    ),
)


class Tweets:
    """Tab-separated files: id, label, text."""

    def __init__(self, card: PinnedCard = CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`.

        Raises:
            DataMissing: a file is not there.
            DataInvalid: a file is not the published one.
        """
        import numpy as np

        require_split(self.card, split)
        texts: list[str] = []
        labels: list[int] = []
        parts = []
        for source in _FILES[split]:
            file = SourceFile(self.card, source, files.path(source))
            lines = file.lines()
            for line, content in enumerate(lines, start=1):
                fields = content.split("\t")
                if len(fields) < 3:
                    raise file.fault(f"expected id, label and text, found {len(fields)} fields", line=line)
                if fields[1] not in CLASSES:
                    raise file.fault(f"expected {', '.join(CLASSES)}, found {fields[1][:40]!r}", line=line, column=2)
                labels.append(CLASSES.index(fields[1]))
                texts.append(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), fields[2]))
            parts.append(Part(file, range(1, len(lines) + 1)))
        examples = Examples(
            texts=tuple(texts),
            ids=row_ids(split, len(texts)),
            labels={"label": np.array(labels, dtype=np.int64)},
            classes=CLASSES,
        )
        return check(examples, split, self.card, parts)
