"""SentEval's two-file tasks MR, CR, SUBJ and MPQA, and TREC, in its layout (Conneau and Kiela 2018).

Follows `senteval/binary.py` and `senteval/trec.py` (facebookresearch/SentEval): Latin-1, tokens between any white
space, the rows of the first file before those of the second. Texts are the tokens joined with single blanks, as
SentEval's encoders get them; blank lines stay as empty texts.
"""

from dataclasses import dataclass

import numpy as np

from harness.corpora.base import CorpusCard, Examples, Source, row_ids
from harness.corpora.files import Files, read_lines

#: A public mirror of the files that SentEval's download script makes (its own links are dead).
_MIRROR = "https://raw.githubusercontent.com/FreedomIntelligence/qnn"
_A, _B = "a45c6ae2535d12a191858907ead860eefd499f16", "b47a07f232fee6b71a38efaa50a3f467a2cc7885"
_FORM = "SentEval form: Conneau and Kiela, LREC 2018"
_FOLDS = "No fixed split: 10-fold cross-validation."


def _file(name: str, commit: str, size: int, sha256: str) -> Source:
    return Source(path=f"senteval/downstream/{name}", sha256=sha256, size=size, url=f"{_MIRROR}/{commit}/data/{name}")


@dataclass(frozen=True)
class TwoFiles:
    """A binary task in two files: the rows of the first have label 1, those of the second 0."""

    card: CorpusCard
    """Its first two sources are the files."""
    classes: tuple[str, str] = ("negative", "positive")
    """Names of labels 0 and 1."""

    def read(self, split: str, files: Files) -> Examples:
        """Read all rows (`all`)."""
        parts = [read_lines(files.path(source), "latin-1") for source in self.card.sources]
        texts = tuple(" ".join(line.split()) for lines in parts for line in lines)
        return Examples(
            texts=texts,
            ids=row_ids(split, len(texts)),
            labels={"label": np.repeat(np.array([1, 0]), list(map(len, parts)))},
            classes=self.classes,
        )


MR = CorpusCard(
    name="mr",
    title="MR (movie review sentence polarity)",
    rows={"all": 10_662},
    labels="label: 0 negative, 1 positive (5,331 each)",
    licence="none stated",
    citation=f"Pang and Lee, ACL 2005; {_FORM}",
    homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    sources=(
        _file("MR/rt-polarity.pos", _A, 629_795, "34e5b0da2d491e46b700b00afe735aaae0962bcfe4f7f22b2d8077e714fa370f"),
        _file("MR/rt-polarity.neg", _B, 616_109, "c4ac36eaa8adc8ee31c31f69594bfbe68d83ef5b6db53f1f19b28c0be52f3999"),
    ),
    checksums={"all": "9f421a9fc831f7993b29e62e69734015"},
    aliases=("rotten-tomatoes", "rottentomatoes", "rt-polarity", "movie-review", "senteval-mr"),
    notes=(
        "Tokenised by SentEval; its `cat -v` step wrote accents and dashes of the Windows-1252 original as "
        "`M-` codes in 202 lines, and they stay so that numbers compare. The untokenised files are not accepted. "
        f"{_FOLDS} About four fifths of the SST sentences are MR sentences."
    ),
)

CR = CorpusCard(
    name="cr",
    title="CR (customer review polarity)",
    rows={"all": 3_775},
    labels="label: 0 negative (1,368), 1 positive (2,407)",
    licence="none stated",
    citation=f"Hu and Liu, KDD 2004; {_FORM}",
    homepage="https://www.cs.uic.edu/~liub/FBS/sentiment-analysis.html",
    sources=(
        _file("CR/custrev.pos", _A, 228_014, "91a20a4ffeb5d38a39a4087bb247e16538aff21e7d621ae59738379f39f21732"),
        _file("CR/custrev.neg", _B, 142_650, "ec94532766f6f962094841ab3bee2ad6f232f996c3756825a91e78bcc294750f"),
    ),
    checksums={"all": "1cdd435d388ba6c1d37ebefcfac636cc"},
    aliases=("customer-reviews", "customer-review", "custrev", "senteval-cr"),
    notes=(
        "Tokenised by SentEval. Four lines are blank, two in either file; they stay as empty texts. "
        f"{_FOLDS} Public copies of the tokenised files differ by a few blanks; this one is pinned. "
        "The untokenised files are not accepted."
    ),
)

SUBJ = CorpusCard(
    name="subj",
    title="SUBJ (subjectivity)",
    rows={"all": 10_000},
    labels="label: 0 subjective, 1 objective (5,000 each)",
    licence="none stated",
    citation=f"Pang and Lee, ACL 2004; {_FORM}",
    homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    sources=(
        _file("SUBJ/subj.objective", _A, 672_430, "d8ccd43f1674f1c17e4ab717564e3561cfb719b0db4cfb19e5677427c68ff8a1"),
        _file("SUBJ/subj.subjective", _B, 634_654, "274c2ffe59c204dc4df779848561786f59a98cc20dda3cfdd7d9f76a4f730710"),
    ),
    checksums={"all": "7044b02ab4a0c62c94fc515f021918c9"},
    aliases=("senteval-subj", "subjectivity"),
    notes=(
        "Tokenised by SentEval; its `cat -v` step wrote accents as `M-` codes in 113 lines. SentEval reads "
        f"the objective file first and gives it label 1. {_FOLDS}"
    ),
)

MPQA = CorpusCard(
    name="mpqa",
    title="MPQA (opinion polarity)",
    rows={"all": 10_606},
    labels="label: 0 negative (7,294), 1 positive (3,312)",
    licence="none stated",
    citation=f"Wiebe, Wilson and Cardie, LREC 2005; {_FORM}",
    homepage="https://mpqa.cs.pitt.edu/",
    sources=(
        _file("MPQA/mpqa.pos", _A, 60_581, "7487dbb74c77383e60b292845495163a9e21fb70a4fdacdda933413e43163f0d"),
        _file("MPQA/mpqa.neg", _A, 158_902, "8da6e035fa4cea02f0555091096b29a6b3995ff0adf41fad25008dcee066b79e"),
    ),
    checksums={"all": "e766f8ae178cdd0c8aae76f2cf7e8685"},
    notes=(
        "Phrases of a few words. 2,365 rows repeat an earlier one, 98 phrases stand under both labels, and three "
        f"lines are blank and stay as empty texts. {_FOLDS}"
    ),
)

#: Coarse classes, with SentEval's numbers.
QUESTION_CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")

TREC = CorpusCard(
    name="trec",
    title="TREC (question types)",
    rows={"train": 5_452, "test": 500},
    labels="label: 0 ABBR, 1 DESC, 2 ENTY, 3 HUM, 4 LOC, 5 NUM",
    licence="none stated",
    citation=f"Li and Roth, COLING 2002; {_FORM}",
    homepage="https://cogcomp.seas.upenn.edu/Data/QA/QC/",
    sources=(
        _file("TREC/train_5500.label", _B, 333_379, "8bd6e79493f43bbd22c364587366a1dced54e1e31259eaa92721a0f526031116"),
        _file("TREC/TREC_10.label", _A, 23_269, "86ad53c8fc9d397ab2f4be7c967d8efb470b260140557d3e57afad69d1b88b76"),
    ),
    checksums={"train": "331d315cea404cd9ff5c7539bf4de83b", "test": "b77841e3fd31798d94e1746c54dc9b3c"},
    aliases=("senteval-trec",),
    notes="Latin-1 (one byte is not ASCII); quotes and backticks were removed by SentEval's download script.",
)


class QuestionTypes:
    """`COARSE:fine question` on every line."""

    card = TREC

    def read(self, split: str, files: Files) -> Examples:
        """Read `train` or `test`."""
        lines = read_lines(files.path(self.card.sources[split == "test"]), "latin-1")
        return Examples(
            texts=tuple(" ".join(line.partition(" ")[2].split()) for line in lines),
            ids=row_ids(split, len(lines)),
            labels={
                "label": np.array([QUESTION_CLASSES.index(line.partition(":")[0]) for line in lines], dtype=np.int64)
            },
            classes=QUESTION_CLASSES,
        )


CORPORA = (
    TwoFiles(MR),
    TwoFiles(CR),
    TwoFiles(SUBJ, classes=("subjective", "objective")),
    TwoFiles(MPQA),
    QuestionTypes(),
)
