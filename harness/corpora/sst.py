r"""SST: Stanford Sentiment Treebank, sentences in five classes and phrases in two, in SentEval's layout.

Follows `senteval/sst.py` (facebookresearch/SentEval): UTF-8, tokens between any white space (which includes the
no-break space of "2 1\/2"), joined with single blanks.
"""

from dataclasses import dataclass

import numpy as np

from harness.corpora.base import CorpusCard, Examples, row_ids, sources
from harness.corpora.files import Files, read_lines

_FINE_URL = (
    "https://raw.githubusercontent.com/AcademiaSinicaNLPLab/sentiment_dataset/"
    "23c72429de5fb3d2f3da87bf2efb5559c15b78f7/data/stsa.fine."
)
_BINARY_URL = (
    "https://raw.githubusercontent.com/PrincetonML/SIF/84b5b4c1c1ca20b6af19fc78cae005a1818ec571/data/sentiment-"
)


SST5_CARD = CorpusCard(
    name="sst5",
    title="SST-5 (sentences, five classes)",
    rows={"train": 8_544, "dev": 1_101, "test": 2_210},
    labels="label: 0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive",
    licence="none stated",
    citation="Socher et al., EMNLP 2013; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://nlp.stanford.edu/sentiment/",
    sources=sources(
        *("senteval/downstream/SST/fine/sentiment-", _FINE_URL),
        ("train", "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee", 902_818),
        ("dev", "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3", 117_239),
        ("test", "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73", 233_634),
    ),
    checksums={
        "train": "2367c4186b60ae92f3ca13b0a85c16f5",
        "dev": "fba86a35bd5a449c7f0fbc3839ec923d",
        "test": "a977a322fb7e98ca5b8df5acf62601f3",
    },
    aliases=("sst", "sst-5", "sst-fine", "sst-tree", "sst-phrase-tree", "stanford-sentiment-treebank"),
    notes=(
        "Sentences only (no phrases), lower case, as SentEval takes them; the tree files hold the same "
        "sentences in another order and casing. About four fifths of them are MR sentences."
    ),
)

SST2_CARD = CorpusCard(
    name="sst2",
    title="SST-2 (phrases, two classes)",
    rows={"train": 67_349, "dev": 872, "test": 1_821},
    labels="label: 0 negative, 1 positive",
    licence="none stated",
    citation="Socher et al., EMNLP 2013; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://nlp.stanford.edu/sentiment/",
    sources=sources(
        *("senteval/downstream/SST/binary/sentiment-", _BINARY_URL),
        ("train", "10a92a297ec38e262386e5a2713b4bc70e5d18ced88b7f54bd171a26e5b34ab5", 3_806_066),
        ("dev", "9a6c7403b71a9b762158387afe4431253ae10cdfb2319b5275289f3766f48291", 94_916),
        ("test", "4fefd1cd67526cf87ebc7fafc3afc21cc7cfa6ae53b45e74f77f9456e3c62752", 194_788),
    ),
    checksums={
        "train": "0787b74d0f57bb7e38977364de94efbd",
        "dev": "6812f5478e8e4ddcc8fb1ee41b4a535a",
        "test": "5c9ef9512d7d946077074cf27d5afa38",
    },
    aliases=("sst-2", "sst-binary", "glue-sst2", "glue-sst-2"),
    notes=(
        "SentEval's form: the training rows are phrases of all lengths, dev and test are whole sentences. "
        "The sentence-only files (6,920 training rows) are another data set."
    ),
)


@dataclass(frozen=True)
class Lines:
    """One example a line: `label text` in five classes, `text TAB label` in two."""

    card: CorpusCard
    """Its sources are the splits in order."""
    classes: tuple[str, ...]
    """Names of the labels."""

    def read(self, split: str, files: Files) -> Examples:
        """Read `train`, `dev` or `test`."""
        source = self.card.sources[list(self.card.rows).index(split)]
        lines = read_lines(files.path(source))
        five = len(self.classes) == 5
        rows = [line.split(" ", 1) if five else line.split("\t")[::-1] for line in lines]
        return Examples(
            texts=tuple(" ".join(text.split()) for _, text in rows),
            ids=row_ids(split, len(rows)),
            labels={"label": np.array([int(label) for label, _ in rows], dtype=np.int64)},
            classes=self.classes,
        )


CORPORA = (
    Lines(SST5_CARD, ("very negative", "negative", "neutral", "positive", "very positive")),
    Lines(SST2_CARD, ("negative", "positive")),
)
