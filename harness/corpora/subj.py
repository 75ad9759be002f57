"""SUBJ: subjective or objective sentences, in SentEval's layout (Pang and Lee 2004; Conneau and Kiela 2018)."""

from __future__ import annotations

from harness.corpora.base import Source
from harness.corpora.pins import Pin, PinnedCard
from harness.corpora.senteval import MIRROR, TwoFiles

_OBJECTIVE = Source(
    path="senteval/downstream/SUBJ/subj.objective",
    sha256="d8ccd43f1674f1c17e4ab717564e3561cfb719b0db4cfb19e5677427c68ff8a1",
    size=672_430,
    url=f"{MIRROR}/a45c6ae2535d12a191858907ead860eefd499f16/data/SUBJ/subj.objective",
)
_SUBJECTIVE = Source(
    path="senteval/downstream/SUBJ/subj.subjective",
    sha256="274c2ffe59c204dc4df779848561786f59a98cc20dda3cfdd7d9f76a4f730710",
    size=634_654,
    url=f"{MIRROR}/b47a07f232fee6b71a38efaa50a3f467a2cc7885/data/SUBJ/subj.subjective",
)

CARD = PinnedCard(
    name="subj",
    title="SUBJ (subjectivity)",
    rows={"all": 10_000},
    labels="label: 0 subjective, 1 objective (5,000 each)",
    licence="none stated",
    citation="Pang and Lee, ACL 2004; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    sources=(_OBJECTIVE, _SUBJECTIVE),
    pins={
        "all": Pin(
            rows=(5_000, 5_000),
            fingerprint="7044b02ab4a0c62c94fc515f021918c9",
            unordered="3a833de443571d037995f40a5b1acf04",
            blocks="06f83c4c86cf353a2cce231395161123ff6aa61d5e60f56b79a6d4e79442f1aef0a73d1db48f232a",
            ascii=True,
        ),
    },
    notes=(
        "Tokenised by SentEval; its `cat -v` step wrote accents as `M-` codes in 113 lines. SentEval reads "
        "the objective file first and gives it label 1. No fixed split: 10-fold cross-validation."
    ),
)


class Subjectivity(TwoFiles):
    """The objective file, label 1, before the subjective one."""

    sources = (_OBJECTIVE, _SUBJECTIVE)
    classes = ("subjective", "objective")

    def __init__(self, card: PinnedCard = CARD) -> None:
        super().__init__(card)
