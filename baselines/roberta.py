"""RoBERTa-base: the starting point of the other half of the encoders in the comparison."""

from __future__ import annotations

from harness.encoder import EncoderCard
from harness.transformer import Layout, TransformerEncoder


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
        training_data=("wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories"),
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
