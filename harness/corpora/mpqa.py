"""MPQA: polarity of opinion phrases, in SentEval's layout (Wiebe et al. 2005; Conneau and Kiela 2018)."""

from __future__ import annotations

from harness.corpora.base import Source
from harness.corpora.pins import Pin, PinnedCard
from harness.corpora.senteval import MIRROR, TwoFiles

_COMMIT = "a45c6ae2535d12a191858907ead860eefd499f16"

_POS = Source(
    path="senteval/downstream/MPQA/mpqa.pos",
    sha256="7487dbb74c77383e60b292845495163a9e21fb70a4fdacdda933413e43163f0d",
    size=60_581,
    url=f"{MIRROR}/{_COMMIT}/data/MPQA/mpqa.pos",
)
_NEG = Source(
    path="senteval/downstream/MPQA/mpqa.neg",
    sha256="8da6e035fa4cea02f0555091096b29a6b3995ff0adf41fad25008dcee066b79e",
    size=158_902,
    url=f"{MIRROR}/{_COMMIT}/data/MPQA/mpqa.neg",
)

CARD = PinnedCard(
    name="mpqa",
    title="MPQA (opinion polarity)",
    rows={"all": 10_606},
    labels="label: 0 negative (7,294), 1 positive (3,312)",
    licence="none stated",
    citation="Wiebe, Wilson and Cardie, LREC 2005; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://mpqa.cs.pitt.edu/",
    sources=(_POS, _NEG),
    pins={
        "all": Pin(
            rows=(3_312, 7_294),
            fingerprint="e766f8ae178cdd0c8aae76f2cf7e8685",
            unordered="7a0f764628fe2643be0381b60ea869a0",
            blocks=("48b8ce86c891459f5ec2c1bd293932a4747cea6cfb8a3e7d4a29b65bf9449d1cc343857c34cb76ee5e064bd1"),
            ascii=True,
        ),
    },
    notes=(
        "Phrases of a few words. 2,365 rows repeat an earlier one, 98 phrases stand under both labels, and three "
        "lines are blank and stay as empty texts. No fixed split: 10-fold cross-validation."
    ),
)


class OpinionPolarity(TwoFiles):
    """The positive file before the negative one."""

    sources = (_POS, _NEG)

    def __init__(self, card: PinnedCard = CARD) -> None:
        super().__init__(card)
