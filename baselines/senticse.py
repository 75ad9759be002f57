"""SentiCSE: contrastive sentence embeddings of polarity on RoBERTa (Kim et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from baselines.roberta import RoBERTa
from harness.encoder import EncoderCard
from harness.transformer import TransformerEncoder


class SentiCSE(TransformerEncoder):
    """SentiCSE in the hub's form (an encoder with a pooler) or as training writes it (`roberta.*`, `mlp.*`).

    The authors' repository has no script that turns `mlp` into the pooler of the published file, so that the
    published pooler may be the trained layer or one drawn at random; their own page takes it as the sentence
    vector. `senticse@pooler` is computed only from a pooler that was trained: a bias of exactly zero is what
    initialisation leaves behind and is refused.
    """

    card = EncoderCard(
        name="senticse",
        family="roberta",
        title="SentiCSE",
        base="roberta",
        weights="huggingface.co/DILAB-HYU/SentiCSE",
        revision="76888d93305ed8459a0158675f60c297ed0d7fee",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="pooler",
        max_length=512,
        dimensions=768,
        parameters=124_055_040,
        training_data=("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories", "mr", "sentiwordnet"),
        training_notes="From RoBERTa; quadruples of MR sentences by label (7,953 of MR's 10,662 sentences, by them "
        "1,665 of SST's 2,210 test sentences), sentiment words masked by SentiWordNet. The hub's card also lists "
        "SST-2, IMDB, Amazon and Yelp polarity, which its text does not name as training data.",
        citation="Kim, Na, Kim, Lee and Chae 2024. SentiCSE: A Sentiment-aware Contrastive Sentence Embedding "
        "Framework with Sentiment-guided Textual Similarity. LREC-COLING. arXiv:2404.01104",
        url="https://github.com/nayohan/SentiCSE",
        notes="This row is the first token. The authors take the pooler (`senticse@pooler`), which is refused when the "
        "checkpoint's pooler was never trained.",
    )
    layout = replace(RoBERTa.layout, renames=(("mlp.", "pooler."),))
    hub = "DILAB-HYU/SentiCSE"
