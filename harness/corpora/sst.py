r"""SST: Stanford Sentiment Treebank, sentences in five classes and phrases in two, in SentEval's layout.

Follows `senteval/sst.py` (facebookresearch/SentEval): UTF-8, tokens between any white space (which includes the
no-break space of "2 1\/2"), joined with single blanks.
"""

from __future__ import annotations

from harness.corpora.base import Examples, Files, Source, row_ids
from harness.corpora.pins import Part, Pin, PinnedCard, check
from harness.corpora.reading import SourceFile, require_split

_FINE_URL = (
    "https://raw.githubusercontent.com/AcademiaSinicaNLPLab/sentiment_dataset/"
    "23c72429de5fb3d2f3da87bf2efb5559c15b78f7/data/stsa.fine."
)
_BINARY_URL = (
    "https://raw.githubusercontent.com/PrincetonML/SIF/84b5b4c1c1ca20b6af19fc78cae005a1818ec571/data/sentiment-"
)


def _source(kind: str, split: str, sha256: str, size: int, url: str) -> Source:
    return Source(
        path=f"senteval/downstream/SST/{kind}/sentiment-{split}", sha256=sha256, size=size, url=f"{url}{split}"
    )


_FINE = {
    split: _source("fine", split, sha256, size, _FINE_URL)
    for split, sha256, size in (
        ("train", "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee", 902_818),
        ("dev", "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3", 117_239),
        ("test", "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73", 233_634),
    )
}
_BINARY = {
    split: _source("binary", split, sha256, size, _BINARY_URL)
    for split, sha256, size in (
        ("train", "10a92a297ec38e262386e5a2713b4bc70e5d18ced88b7f54bd171a26e5b34ab5", 3_806_066),
        ("dev", "9a6c7403b71a9b762158387afe4431253ae10cdfb2319b5275289f3766f48291", 94_916),
        ("test", "4fefd1cd67526cf87ebc7fafc3afc21cc7cfa6ae53b45e74f77f9456e3c62752", 194_788),
    )
}

SST5_CARD = PinnedCard(
    name="sst5",
    title="SST-5 (sentences, five classes)",
    rows={"train": 8_544, "dev": 1_101, "test": 2_210},
    labels="label: 0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive",
    licence="none stated",
    citation="Socher et al., EMNLP 2013; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://nlp.stanford.edu/sentiment/",
    sources=tuple(_FINE.values()),
    pins={
        "train": Pin(
            rows=(8_544,),
            fingerprint="2367c4186b60ae92f3ca13b0a85c16f5",
            unordered="45a08954e33dd537e2f9e4ca076698d9",
            blocks="51bc4b173baeeab2ddaad5806646b0bfed23ef52e65b05b17185e56e023ed829e9035b2d",
        ),
        "dev": Pin(
            rows=(1_101,),
            fingerprint="fba86a35bd5a449c7f0fbc3839ec923d",
            unordered="d9c1f8df49a21d19616f18d64efdc676",
            blocks="1e91ee2aaec3",
        ),
        "test": Pin(
            rows=(2_210,),
            fingerprint="a977a322fb7e98ca5b8df5acf62601f3",
            unordered="1c0c7789c039db3dbeb5f2109d6491fd",
            blocks="074cbc94e726cca3f698",
        ),
    },
    notes=(
        "Sentences only (no phrases), lower case, as SentEval takes them; the tree files hold the same "
        "sentences in another order and casing. About four fifths of them are MR sentences."
    ),
)

SST2_CARD = PinnedCard(
    name="sst2",
    title="SST-2 (phrases, two classes)",
    rows={"train": 67_349, "dev": 872, "test": 1_821},
    labels="label: 0 negative, 1 positive",
    licence="none stated",
    citation="Socher et al., EMNLP 2013; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://nlp.stanford.edu/sentiment/",
    sources=tuple(_BINARY.values()),
    pins={
        "train": Pin(
            rows=(67_349,),
            fingerprint="0787b74d0f57bb7e38977364de94efbd",
            unordered="44ce1b360f853edd21a8f2ad28534ddc",
            blocks=(
                "bba4665db85a5cbc86fd7a8be40fabf5528d0ba3faabee2043007de1e36f91a85d835fd09745610b"
                "20f70758e1e9806bc1c805aaf5f9a68f7ec00da2b900b89d06932b63fa573d863eda479ff406c389"
                "b46d31ad026aa4a716c901ec631f1466595b8f41d9cccc740044dbb5f8e6facad7fc5b7daddbad5c"
                "930c5c0408c5bd6e0d089595dd598bb6c13faff07e83f5a1754c35ab42e21f57505b1eb18b3eaffb"
                "d942575b658dd586687ca775efaadcdf66c53196042a92d635681553746224bbf584da3e687e3c9a"
                "c568524c0b4e0762e6aefd6cae2712d208ce8fb4821dae3b4028ebdfd3f0627750e233036e86ca69"
                "250d6baaf7a58cc2b3e23431072eeaae5e31d1702fea844d60139542fb89"
            ),
        ),
        "dev": Pin(
            rows=(872,),
            fingerprint="6812f5478e8e4ddcc8fb1ee41b4a535a",
            unordered="7a09052d4f42dd627ff4fea177f1289b",
            blocks="3c2a4ff4",
        ),
        "test": Pin(
            rows=(1_821,),
            fingerprint="5c9ef9512d7d946077074cf27d5afa38",
            unordered="66427264eaae667d09327a0c8c21ea5b",
            blocks="aa99e45a6cf840d9",
        ),
    },
    notes=(
        "SentEval's form: the training rows are phrases of all lengths, dev and test are whole sentences. "
        "The sentence-only files (6,920 training rows) are another data set."
    ),
)


class SST5:
    """Five classes: `label text` on every line."""

    def __init__(self, card: PinnedCard = SST5_CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        require_split(self.card, split)
        file = SourceFile(self.card, _FINE[split], files.path(_FINE[split]))
        texts, labels = [], []
        for line, content in enumerate(file.lines(), start=1):
            label, blank, text = content.partition(" ")
            if not blank or label not in ("0", "1", "2", "3", "4"):
                raise file.fault(f"expected a label 0-4 and a blank, found {content[:20]!r}", line=line, column=1)
            labels.append(int(label))
            texts.append(" ".join(text.split()))
        classes = ("very negative", "negative", "neutral", "positive", "very positive")
        return _examples(self.card, split, file, texts, labels, classes)


class SST2:
    """Two classes: `text TAB label` on every line."""

    def __init__(self, card: PinnedCard = SST2_CARD) -> None:
        self.card = card

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`.

        Raises:
            DataMissing: the file is not there.
            DataInvalid: it is not the published one.
        """
        require_split(self.card, split)
        file = SourceFile(self.card, _BINARY[split], files.path(_BINARY[split]))
        texts, labels = [], []
        for line, content in enumerate(file.lines(), start=1):
            text, _, label = content.partition("\t")
            if label not in ("0", "1"):
                raise file.fault(
                    f"expected a tab and a label 0 or 1 after the text, found {label[:20]!r}",
                    line=line,
                    column=len(text) + 1,
                )
            labels.append(int(label))
            texts.append(" ".join(text.split()))
        return _examples(self.card, split, file, texts, labels, ("negative", "positive"))


def _examples(
    card: PinnedCard,
    split: str,
    file: SourceFile,
    texts: list[str],
    labels: list[int],
    classes: tuple[str, ...],
) -> Examples:
    import numpy as np

    examples = Examples(
        texts=tuple(texts),
        ids=row_ids(split, len(texts)),
        labels={"label": np.array(labels, dtype=np.int64)},
        classes=classes,
    )
    return check(examples, split, card, [Part(file, range(1, len(texts) + 1))])
