"""Encoders that need no more than a card and their files' names: BERT, RoBERTa, BERT-PT, SimCSE and SentiCSE."""

from dataclasses import replace

from harness.encoder import EncoderCard
from harness.transformer import Layout, TransformerEncoder

#: What RoBERTa was trained on.
ROBERTA_TEXTS = ("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories")

#: Training directories call the dense-tanh layer over the first token `mlp`; the published form, made by the authors'
#: conversion script, calls it the pooler. Read either way, it is a trained layer and never drawn at random.
_MLP = (("mlp.", "pooler."),)


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


class RoBERTa(TransformerEncoder):
    """RoBERTa-base.

    Positions start behind the padding id, so that 514 rows serve 512 tokens; old files carry a `position_ids`
    buffer. The release has no trained pooler: `roberta@pooler` does not exist. Source: Liu et al. 2019.
    """

    card = EncoderCard(
        name="roberta",
        family="roberta",
        title="RoBERTa-base",
        weights="huggingface.co/FacebookAI/roberta-base",
        revision="e2da8e2f811d1448a5b465c236feacd80ffbac7b",
        pooling="cls",
        poolings=("cls", "mean", "last"),
        recommended="cls",
        max_length=512,
        dimensions=768,
        parameters=124_055_040,
        training_data=ROBERTA_TEXTS,
        training_notes="160 GB of English text, masked words; no labels.",
        licence="MIT",
        citation="Liu, Ott, Goyal, Du, Joshi, Chen, Levy, Lewis, Zettlemoyer and Stoyanov 2019. RoBERTa: A Robustly "
        "Optimized BERT Pretraining Approach. arXiv:1907.11692",
        url="https://github.com/facebookresearch/fairseq/tree/main/examples/roberta",
        notes="Cased; a text's first word is read without a leading blank, as the published tokeniser does. There is "
        "no trained pooler.",
    )
    layout = Layout(architecture="roberta", vocabulary=(("vocab.json", "merges.txt"), ("tokenizer.json",)))
    hub = "FacebookAI/roberta-base"
    hub_aliases = ("roberta-base",)


class BERTPTRestaurant(TransformerEncoder):
    """BERT-PT of the restaurant domain: BERT post-trained on reviews of one kind, and on SQuAD (Xu et al. 2019).

    The hub's files name the configuration `config.json`; the older Drive archives name it `bert_config.json` and
    hold the next-sentence and span heads too (`cls.seq_relationship.*`, `qa_outputs.*`).
    """

    card = replace(
        BERT.card,
        name="bert-pt-rest",
        title="BERT-PT (restaurants)",
        base="bert",
        weights="huggingface.co/activebus/BERT-PT_rest",
        revision="579436ac2acc003d1f0cbb2ac771aa0461a60343",
        training_data=("wikipedia", "bookcorpus", "yelp-reviews", "squad"),
        training_notes="From BERT; masked words and next sentence on Yelp restaurant reviews, answer spans on SQuAD "
        "1.1.",
        licence=None,
        citation="Xu, Liu, Shu and Yu 2019. BERT Post-Training for Review Reading Comprehension and Aspect-based "
        "Sentiment Analysis. NAACL. arXiv:1904.02232",
        url="https://github.com/howardhsu/BERT-for-RRC-ABSA",
        notes="The authors publish no sentence vector; this row is the first token. The pooler was left out of the "
        "post-training and is BERT's. The code is Apache-2.0; no licence is stated for the weights.",
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


class SimCSEUnsupervisedBERT(TransformerEncoder):
    """Unsupervised SimCSE on BERT: the authors' vector is the first token.

    SimCSE is contrastive without sentiment: the control and the parent of SentiCSE.
    """

    card = replace(
        BERT.card,
        name="simcse-unsup-bert",
        title="SimCSE-BERT (unsup.)",
        base="bert",
        weights="huggingface.co/princeton-nlp/unsup-simcse-bert-base-uncased",
        revision=None,
        training_notes="From BERT; two dropout passes over each of a million Wikipedia sentences; no labels.",
        licence="MIT",
        citation="Gao, Yao and Chen 2021. SimCSE: Simple Contrastive Learning of Sentence Embeddings. EMNLP. "
        "arXiv:2104.08821",
        url="https://github.com/princeton-nlp/SimCSE",
        notes="This row is the authors' vector: the first token, without the dense-tanh layer of the training.",
    )
    layout = replace(BERT.layout, renames=_MLP)
    hub = "princeton-nlp/unsup-simcse-bert-base-uncased"


class SimCSESupervisedBERT(SimCSEUnsupervisedBERT):
    """Supervised SimCSE on BERT: the authors' vector is the pooler, `simcse-sup-bert@pooler`."""

    card = replace(
        SimCSEUnsupervisedBERT.card,
        name="simcse-sup-bert",
        recommended="pooler",
        title="SimCSE-BERT (sup.)",
        weights="huggingface.co/princeton-nlp/sup-simcse-bert-base-uncased",
        training_data=("wikipedia", "bookcorpus", "snli", "multinli"),
        training_notes="From BERT; entailment pairs against contradictions of SNLI and MultiNLI.",
        notes="The authors' vector is the trained dense-tanh layer over the first token (`simcse-sup-bert@pooler`); "
        "this row is the first token itself.",
    )
    hub = "princeton-nlp/sup-simcse-bert-base-uncased"


class SimCSEUnsupervisedRoBERTa(TransformerEncoder):
    """Unsupervised SimCSE on RoBERTa: the authors' vector is the first token."""

    card = replace(
        SimCSEUnsupervisedBERT.card,
        name="simcse-unsup-roberta",
        family="roberta",
        title="SimCSE-RoBERTa (unsup.)",
        base="roberta",
        weights="huggingface.co/princeton-nlp/unsup-simcse-roberta-base",
        parameters=RoBERTa.card.parameters,
        training_data=ROBERTA_TEXTS,
        training_notes="From RoBERTa; two dropout passes over each of a million Wikipedia sentences; no labels.",
    )
    layout = replace(RoBERTa.layout, renames=_MLP)
    hub = "princeton-nlp/unsup-simcse-roberta-base"


class SimCSESupervisedRoBERTa(SimCSEUnsupervisedRoBERTa):
    """Supervised SimCSE on RoBERTa: the authors' vector is the pooler, `simcse-sup-roberta@pooler`."""

    card = replace(
        SimCSEUnsupervisedRoBERTa.card,
        name="simcse-sup-roberta",
        recommended="pooler",
        title="SimCSE-RoBERTa (sup.)",
        weights="huggingface.co/princeton-nlp/sup-simcse-roberta-base",
        revision="4bf73c6b5df517f74188c5e9ec159b2208c89c08",
        training_data=(*ROBERTA_TEXTS, "snli", "multinli"),
        training_notes="From RoBERTa; entailment pairs against contradictions of SNLI and MultiNLI.",
        notes="The authors' vector is the trained dense-tanh layer over the first token "
        "(`simcse-sup-roberta@pooler`); this row is the first token itself.",
    )
    hub = "princeton-nlp/sup-simcse-roberta-base"


class SentiCSE(TransformerEncoder):
    """SentiCSE, contrastive sentence embeddings of polarity on RoBERTa (Kim et al. 2024).

    In the hub's form (an encoder with a pooler) or as training writes it (`roberta.*`, `mlp.*`). The authors'
    repository has no script that turns `mlp` into the pooler of the published file, so that the
    published pooler may be the trained layer or one drawn at random; their own page takes it as the sentence
    vector. `senticse@pooler` is computed only from a pooler that was trained: a bias of exactly zero is what
    initialisation leaves behind and is refused.
    """

    card = replace(
        RoBERTa.card,
        name="senticse",
        title="SentiCSE",
        base="roberta",
        weights="huggingface.co/DILAB-HYU/SentiCSE",
        revision="76888d93305ed8459a0158675f60c297ed0d7fee",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="pooler",
        training_data=(*ROBERTA_TEXTS, "mr", "sentiwordnet"),
        training_notes="From RoBERTa; quadruples of MR sentences by label (7,953 of MR's 10,662 sentences, by them "
        "1,665 of SST's 2,210 test sentences), sentiment words masked by SentiWordNet. The hub's card also lists "
        "SST-2, IMDB, Amazon and Yelp polarity, which its text does not name as training data.",
        licence=None,
        citation="Kim, Na, Kim, Lee and Chae 2024. SentiCSE: A Sentiment-aware Contrastive Sentence Embedding "
        "Framework with Sentiment-guided Textual Similarity. LREC-COLING. arXiv:2404.01104",
        url="https://github.com/nayohan/SentiCSE",
        notes="This row is the first token. The authors take the pooler (`senticse@pooler`), which is refused when the "
        "checkpoint's pooler was never trained.",
    )
    layout = replace(RoBERTa.layout, renames=_MLP)
    hub = "DILAB-HYU/SentiCSE"
