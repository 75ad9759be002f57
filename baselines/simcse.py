"""SimCSE: contrastive sentence embeddings without sentiment, the control and the parent of SentiCSE."""

from __future__ import annotations

from dataclasses import replace

from baselines.bert import BERT
from baselines.roberta import RoBERTa
from harness.encoder import EncoderCard
from harness.transformer import TransformerEncoder

_CITATION = (
    "Gao, Yao and Chen 2021. SimCSE: Simple Contrastive Learning of Sentence Embeddings. EMNLP. arXiv:2104.08821"
)

#: Training directories call the dense-tanh layer over the first token `mlp`; the published form, made by the authors'
#: conversion script, calls it the pooler. Read either way, it is a trained layer and never drawn at random.
_MLP = (("mlp.", "pooler."),)


class SimCSEUnsupervisedBERT(TransformerEncoder):
    """Unsupervised SimCSE on BERT: the authors' vector is the first token."""

    card = EncoderCard(
        name="simcse-unsup-bert",
        family="bert",
        title="SimCSE-BERT (unsup.)",
        base="bert",
        weights="huggingface.co/princeton-nlp/unsup-simcse-bert-base-uncased",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="cls",
        max_length=512,
        dimensions=768,
        parameters=108_891_648,
        training_data=("wikipedia", "bookcorpus"),
        training_notes="From BERT; two dropout passes over each of a million Wikipedia sentences; no labels.",
        licence="MIT",
        citation=_CITATION,
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
        parameters=124_055_040,
        training_data=("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories"),
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
        training_data=("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories", "snli", "multinli"),
        training_notes="From RoBERTa; entailment pairs against contradictions of SNLI and MultiNLI.",
        notes="The authors' vector is the trained dense-tanh layer over the first token "
        "(`simcse-sup-roberta@pooler`); this row is the first token itself.",
    )
    hub = "princeton-nlp/sup-simcse-roberta-base"
