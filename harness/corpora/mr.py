"""MR: sentence polarity of film reviews, in SentEval's layout (Pang and Lee 2005; Conneau and Kiela 2018)."""

from __future__ import annotations

from harness.corpora.base import Source
from harness.corpora.pins import Pin, PinnedCard
from harness.corpora.senteval import MIRROR, TwoFiles
from harness.corpora.senteval_tokenizer import senteval_form
from harness.corpora.sources import Recipe

_RAW = "https://raw.githubusercontent.com/yoonkim/CNN_sentence/23e0e1f7355705bb083043fda05c031b15acb38c"

_POS = Source(
    path="senteval/downstream/MR/rt-polarity.pos",
    sha256="34e5b0da2d491e46b700b00afe735aaae0962bcfe4f7f22b2d8077e714fa370f",
    size=629_795,
    url=f"{MIRROR}/a45c6ae2535d12a191858907ead860eefd499f16/data/MR/rt-polarity.pos",
)
_NEG = Source(
    path="senteval/downstream/MR/rt-polarity.neg",
    sha256="c4ac36eaa8adc8ee31c31f69594bfbe68d83ef5b6db53f1f19b28c0be52f3999",
    size=616_109,
    url=f"{MIRROR}/b47a07f232fee6b71a38efaa50a3f467a2cc7885/data/MR/rt-polarity.neg",
)
_RAW_POS = Source(
    path="mr-raw/rt-polarity.pos",
    sha256="2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
    size=626_139,
    url=f"{_RAW}/rt-polarity.pos",
)
_RAW_NEG = Source(
    path="mr-raw/rt-polarity.neg",
    sha256="4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
    size=612_256,
    url=f"{_RAW}/rt-polarity.neg",
)

CARD = PinnedCard(
    name="mr",
    title="MR (movie review sentence polarity)",
    rows={"all": 10_662},
    labels="label: 0 negative, 1 positive (5,331 each)",
    licence="none stated",
    citation="Pang and Lee, ACL 2005; SentEval form: Conneau and Kiela, LREC 2018",
    homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    sources=(_POS, _NEG),
    forms=((_POS, _NEG), (_RAW_POS, _RAW_NEG)),
    pins={
        "all": Pin(
            rows=(5_331, 5_331),
            fingerprint="9f421a9fc831f7993b29e62e69734015",
            unordered="f889077c58b979d51e4c7c9270a3eb04",
            blocks=("e275e8e86f075fb5b5df909fb5661403de49f98fa5efa5f12a9be9a704bb97651fe678f56c21b375e6635f3c"),
            ascii=True,
        ),
    },
    notes=(
        "Tokenised by SentEval; its `cat -v` step wrote accents and dashes of the Windows-1252 original as "
        "`M-` codes in 202 lines, and they stay so that numbers compare. The original files (`mr-raw/`) are "
        "accepted too and brought into this form. No fixed split: 10-fold cross-validation. About four "
        "fifths of the SST sentences are MR sentences."
    ),
)


class MovieReviews(TwoFiles):
    """The positive file before the negative one."""

    sources = (_POS, _NEG)
    recipes = {  # noqa: RUF012 - typed as a ClassVar in the base class
        _POS.path: Recipe(_RAW_POS, senteval_form),
        _NEG.path: Recipe(_RAW_NEG, senteval_form),
    }

    def __init__(self, card: PinnedCard = CARD) -> None:
        super().__init__(card)
