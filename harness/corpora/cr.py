"""CR: polarity of customer review sentences, in SentEval's layout (Hu and Liu 2004; Conneau and Kiela 2018)."""

from __future__ import annotations

from harness.corpora.base import Source
from harness.corpora.pins import Pin, PinnedCard
from harness.corpora.senteval import MIRROR, TwoFiles

_POS = Source(
    path="senteval/downstream/CR/custrev.pos",
    sha256="91a20a4ffeb5d38a39a4087bb247e16538aff21e7d621ae59738379f39f21732",
    size=228_014,
    url=f"{MIRROR}/a45c6ae2535d12a191858907ead860eefd499f16/data/CR/custrev.pos",
)
_NEG = Source(
    path="senteval/downstream/CR/custrev.neg",
    sha256="ec94532766f6f962094841ab3bee2ad6f232f996c3756825a91e78bcc294750f",
    size=142_650,
    url=f"{MIRROR}/b47a07f232fee6b71a38efaa50a3f467a2cc7885/data/CR/custrev.neg",
)

CARD = PinnedCard(
    name="cr",
    title="CR (customer review polarity)",
    rows={"all": 3_775},
    labels="label: 0 negative (1,368), 1 positive (2,407)",
    licence="none stated",
    citation="Hu and Liu, KDD 2004; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://www.cs.uic.edu/~liub/FBS/sentiment-analysis.html",
    sources=(_POS, _NEG),
    pins={
        "all": Pin(
            rows=(2_407, 1_368),
            fingerprint="1cdd435d388ba6c1d37ebefcfac636cc",
            unordered="8ecca4f8dd23ba4c4ca05ba4400d674f",
            blocks="50b814d2b05e904632ffcc56fb8a3318",
            ascii=True,
        ),
    },
    notes=(
        "Tokenised by SentEval. Four lines are blank, two in either file; they stay as empty texts. No fixed split: "
        "10-fold cross-validation. Public copies of the tokenised files differ by a few blanks; this one is pinned. "
        "The untokenised files are not accepted."
    ),
)


class CustomerReviews(TwoFiles):
    """The positive file before the negative one."""

    sources = (_POS, _NEG)

    def __init__(self, card: PinnedCard = CARD) -> None:
        super().__init__(card)
