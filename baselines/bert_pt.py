"""BERT-PT: BERT post-trained on reviews of one kind, and on SQuAD (Xu et al. 2019)."""

from __future__ import annotations

from dataclasses import replace

from baselines.bert import BERT
from harness.encoder import EncoderCard
from harness.transformer import TransformerEncoder

_NOTES = (
    "The authors publish no sentence vector; this row is the first token. The pooler was left out of the post-training "
    "and is BERT's."
)


class BERTPTRestaurant(TransformerEncoder):
    """BERT-PT of the restaurant domain.

    The hub's files name the configuration `config.json`; the older Drive archives name it `bert_config.json` and
    hold the next-sentence and span heads too (`cls.seq_relationship.*`, `qa_outputs.*`).
    """

    card = EncoderCard(
        name="bert-pt-rest",
        family="bert",
        title="BERT-PT (restaurants)",
        base="bert",
        weights="huggingface.co/activebus/BERT-PT_rest",
        revision="579436ac2acc003d1f0cbb2ac771aa0461a60343",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="cls",
        max_length=512,
        dimensions=768,
        parameters=108_891_648,
        training_data=("wikipedia", "bookcorpus", "yelp-reviews", "squad"),
        training_notes="From BERT; masked words and next sentence on Yelp restaurant reviews, answer spans on SQuAD "
        "1.1.",
        citation="Xu, Liu, Shu and Yu 2019. BERT Post-Training for Review Reading Comprehension and Aspect-based "
        "Sentiment Analysis. NAACL. arXiv:1904.02232",
        url="https://github.com/howardhsu/BERT-for-RRC-ABSA",
        notes=f"{_NOTES} The code is Apache-2.0; no licence is stated for the weights.",
    )
    layout = replace(BERT.layout, heads=("cls.", "qa_outputs."))
    hub = "activebus/BERT-PT_rest"


class BERTPTLaptop(BERTPTRestaurant):
    """BERT-PT of the laptop domain."""

    card = replace(
        BERTPTRestaurant.card,
        name="bert-pt-laptop",
        title="BERT-PT (laptops)",
        weights="huggingface.co/activebus/BERT-PT_laptop",
        revision=None,
        training_data=("wikipedia", "bookcorpus", "amazon-laptop-reviews", "squad"),
        training_notes="From BERT; masked words and next sentence on Amazon laptop reviews, answer spans on SQuAD 1.1.",
    )
    hub = "activebus/BERT-PT_laptop"


class BERTReview(BERTPTRestaurant):
    """BERT post-trained by plain masked words on all Amazon and Yelp reviews."""

    card = replace(
        BERTPTRestaurant.card,
        name="bert-review",
        title="BERT-Review",
        weights="huggingface.co/activebus/BERT_Review",
        revision=None,
        training_data=("wikipedia", "bookcorpus", "amazon-reviews", "yelp-reviews"),
        training_notes="From BERT; masked words on 22 GB of 5-core Amazon reviews and all Yelp reviews, 4 epochs.",
    )
    hub = "activebus/BERT_Review"
