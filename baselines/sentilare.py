"""SentiLARE: RoBERTa that reads part of speech and polarity of every word (Ke et al. 2020).

Two encoders, never one row: `sentilare` tags words and looks up their polarity as its authors do; `sentilare-neutral`
is the same model on a machine without tagger and lexicon. A stock RoBERTa loads the same file silently without the
three tables and is neither of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from baselines.sentilare_annotation import Annotator, TaggedText, neutral
from harness.encoder import EncoderCard
from harness.errors import ExtraMissing, UsageError
from harness.transformer import Layout, Shape, TransformerEncoder
from harness.transformer.encoder import EncoderOptions
from harness.transformer.tokenization import piece_ids

#: Tables beyond RoBERTa's, and their rows. The last row of each (neutral, other, unknown) is trained and not zero.
_TABLES = {
    "embeddings.senti_embeddings.weight": 3,
    "embeddings.pos_tag_embeddings.weight": 5,
    "embeddings.polarity_embeddings.weight": 6,
}

NEUTRAL_SENTI, OTHER_POS, UNKNOWN_STARS = 2, 4, 5

_PAGE = (
    "drive.google.com/drive/folders/1v84riTNxCMJi3HWhJdDNyBryCtTTfNjy or cloud.tsinghua.edu.cn/d/f6baaff5c398463388b2"
)


class SentiLARENeutral(TransformerEncoder):
    r"""SentiLARE without tagger and lexicon: every word is "other" and "neutral", which are trained rows.

    Texts are split by `\w+|[^\w\s]+`; each word is tokenised by itself with a blank before it, as the library of the
    authors did, and read as `<s> x </s>`, the form of the pre-training.
    """

    card = EncoderCard(
        name="sentilare-neutral",
        family="roberta",
        title="SentiLARE (neutral)",
        base="roberta",
        weights=_PAGE,
        pooling="cls",
        poolings=("cls", "mean", "last"),
        recommended="cls",
        max_length=512,
        dimensions=768,
        parameters=124_065_792,
        training_data=(
            *("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories"),
            *("yelp-reviews", "sentiwordnet"),
        ),
        training_notes="From RoBERTa; masked words, their parts of speech and SentiWordNet polarities, and the "
        "stars of Yelp 2019 reviews.",
        citation="Ke, Ji, Liu, Zhu and Huang 2020. SentiLARE: Sentiment-Aware Language Representation Learning with "
        "Linguistic Knowledge. EMNLP. arXiv:1911.02493",
        url="https://github.com/thu-coai/SentiLARE",
        notes="First token, last layer, with the three extra tables: every word gets the ids of 'other', 'neutral' and "
        "'unknown stars'. Not what the authors published (`sentilare`), and needs nothing but the weights.",
    )
    layout = Layout(
        architecture="roberta",
        vocabulary=(("vocab.json", "merges.txt"),),
        heads=("lm_head.", "senti_head.", "pos_head.", "pola_head."),
    )
    tables = ("embeddings.word_embeddings.weight", *_TABLES)

    def extra_tensors(self, shape: Shape) -> dict[str, tuple[int, ...]]:
        """The three tables."""
        return {name: (rows, shape.hidden) for name, rows in _TABLES.items()}

    def annotate(self, texts: Sequence[str]) -> list[TaggedText]:
        """Words, parts of speech and polarities of texts."""
        return [neutral(text) for text in texts]

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Ids of words' pieces, polarities, parts of speech and stars of each text, int32 (4, tokens)."""
        return self.tagged_inputs(self.annotate(texts))

    def encode_tagged(
        self, items: Sequence[TaggedText | Mapping[str, Any]], *, separators: int = 1, stars: int = UNKNOWN_STARS
    ) -> NDArray[np.float32]:
        """Encode texts that are already split and tagged.

        Args:
            items: each with `words`, `pos_ids` (0 verb, 1 adjective, 2 adverb, 3 noun, 4 other) and `senti_ids`
                (0 negative, 1 positive, 2 neutral), one of each per word.
            separators: how many `</s>` end a text: 1 as in the pre-training, 2 as in the authors' fine-tuning.
            stars: review rating minus one on all words, 5 for unknown.

        Returns:
            float32 (len(items), dimensions).

        Raises:
            UsageError: an item's lists differ in length, or an id is out of range; names the item.
        """
        return self.encode_inputs(self.tagged_inputs(items, separators=separators, stars=stars))

    def tagged_inputs(
        self, items: Sequence[TaggedText | Mapping[str, Any]], *, separators: int = 1, stars: int = UNKNOWN_STARS
    ) -> list[NDArray[np.int32]]:
        """Ids of each item, int32 (4, tokens): pieces, polarities, parts of speech, stars. See `encode_tagged`."""
        loaded = self.load()
        texts = [_tagged(item, i) for i, item in enumerate(items)]
        # A blank before every word, punctuation too.
        distinct = list(dict.fromkeys(f" {word}" for text in texts for word in text.words))
        pieces = piece_ids(loaded.tokenizer, distinct)
        first, last = (loaded.tokenizer.token_to_id(token) for token in ("<s>", "</s>"))
        room = loaded.max_length - 1 - separators
        rows = []
        for text in texts:
            channels: list[tuple[int, int, int]] = []
            for word, part, polarity in zip(text.words, text.pos_ids, text.senti_ids, strict=True):
                channels.extend((piece, polarity, part) for piece in pieces[f" {word}"])
                if len(channels) >= room:
                    break
            inner = [(*channel, stars) for channel in channels[:room]]
            ends = [(special, NEUTRAL_SENTI, OTHER_POS, UNKNOWN_STARS) for special in (first, *[last] * separators)]
            rows.append(np.array([ends[0], *inner, *ends[1:]], dtype=np.int32).T)
        return rows


class SentiLARE(SentiLARENeutral):
    """SentiLARE as its authors published it: words tagged, polarities from SentiWordNet.

    Loading and `encode_tagged` need nothing but the weights; `encode` needs a tagger, the lexicon and a sentence model
    (see `Annotator`).

    Args:
        tagger: see `Annotator`; as are `lexicon` and `sentence_model`.
        options: see `TransformerEncoder`.
    """

    card = replace(
        SentiLARENeutral.card,
        name="sentilare",
        title="SentiLARE",
        extras=("sentilare",),
        notes="First token, last layer, with parts of speech and word polarities as the authors derive them: NLTK's "
        "word splitter, a tagger (theirs is Stanford's left3words; NLTK's unless another is named), and "
        "SentiWordNet 3.0 with senses weighed by Sentence-BERT. Needs pip install 'affectbench[sentilare]', python "
        "-m nltk.downloader punkt_tab averaged_perceptron_tagger_eng wordnet sentiwordnet, and the sentence model "
        "bert-base-nli-mean-tokens (fetched, or AFFECTBENCH_SENTENCE_MODEL=DIR). AFFECTBENCH_SENTIWORDNET names "
        "another copy of the lexicon, AFFECTBENCH_TAGGER=module:class another tagger. When one of them is missing "
        "nothing is encoded; `sentilare-neutral` is the row that needs none. The authors fine-tune with a "
        "dense-tanh head over this vector, which they did not release.",
    )

    def __init__(
        self,
        *,
        tagger: object = None,
        lexicon: str | Path | None = None,
        sentence_model: object = None,
        **options: Unpack[EncoderOptions],
    ) -> None:
        super().__init__(**options)
        self._tagger, self._lexicon, self._sentence_model = tagger, lexicon, sentence_model
        self._annotator: Annotator | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave weights and lexicon out: a worker process reads them itself."""
        return {**super().__getstate__(), "_annotator": None}

    def annotator(self, *, fetch: bool = True) -> Annotator:
        """The tagger, the lexicon and the sentence model, made once.

        Args:
            fetch: whether the hub may be asked for the sentence model.

        Raises:
            ExtraMissing: some of them are not there; says of each what to install or to set.
        """
        if self._annotator is None:
            try:
                self._annotator = Annotator(
                    tagger=self._tagger,
                    lexicon=self._lexicon,
                    sentence_model=self._sentence_model,
                    device=self.device,
                    fetch=fetch,
                )
            except ExtraMissing as error:
                raise ExtraMissing(
                    f"sentilare reads parts of speech and polarities, for which this machine lacks: {error}. "
                    "`sentilare-neutral` is the row that needs none"
                ) from error
        return self._annotator

    def annotate(self, texts: Sequence[str]) -> list[TaggedText]:
        """Words, parts of speech and polarities of texts, as the authors derive them."""
        return self.annotator()(texts)

    def check_ready(self) -> None:
        """Raise what encoding would raise for want of weights, tagger, lexicon or sentence model."""
        super().check_ready()
        self.annotator(fetch=False)

    def fingerprint_parts(self) -> list[str]:
        """Digests of the checkpoint, and of what decides tags and polarities."""
        return [*super().fingerprint_parts(), self.annotator().fingerprint]


def _tagged(item: TaggedText | Mapping[str, Any], number: int) -> TaggedText:
    if not isinstance(item, TaggedText):
        item = TaggedText(*(tuple(item[name]) for name in ("words", "pos_ids", "senti_ids")))
    if not len(item.words) == len(item.pos_ids) == len(item.senti_ids):
        raise UsageError(f"item {number} needs one part of speech and one polarity for each word")
    if not (set(item.pos_ids) <= set(range(5)) and set(item.senti_ids) <= set(range(3))):
        raise UsageError(f"item {number}: `pos_ids` are 0 to 4, `senti_ids` 0 to 2")
    return item
