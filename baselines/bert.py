"""BERT-base, uncased: the starting point of half of the encoders in the comparison."""

from __future__ import annotations

from harness.encoder import EncoderCard
from harness.transformer import Layout, TransformerEncoder


class BERT(TransformerEncoder):
    """BERT-base uncased, in any file its hub repository ever had.

    The published weights keep names from TensorFlow (`LayerNorm.gamma`, `LayerNorm.beta`) and the heads `cls.*`;
    older archives call the configuration `bert_config.json`. Source: Devlin et al. 2019.
    """

    card = EncoderCard(
        name="bert",
        family="bert",
        title="BERT-base",
        weights="huggingface.co/google-bert/bert-base-uncased",
        revision="86b5e0934494bd15c9632b12f734a8a67f723594",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="cls",
        max_length=512,
        dimensions=768,
        parameters=108_891_648,
        training_data=("wikipedia", "bookcorpus"),
        training_notes="English Wikipedia and BookCorpus, masked words and next sentence; no labels.",
        licence="Apache-2.0",
        citation="Devlin, Chang, Lee and Toutanova 2019. BERT: Pre-training of Deep Bidirectional Transformers for "
        "Language Understanding. NAACL. arXiv:1810.04805",
        url="https://github.com/google-research/bert",
        notes="Lower-cased, accents stripped. `bert@pooler` is the dense-tanh layer trained on next-sentence "
        "prediction.",
    )
    layout = Layout(
        architecture="bert",
        config=("config.json", "bert_config.json"),
        vocabulary=(("vocab.txt",), ("tokenizer.json",)),
    )
    hub = "google-bert/bert-base-uncased"
    hub_aliases = ("bert-base-uncased",)
