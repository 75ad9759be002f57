"""All recipes, by name; listing them imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from carl.recipes.recipe import Recipe
from harness.errors import unknown_name

#: SQuAD 1.1 below the data directory.
SQUAD = "squad/train-v1.1.json"

_AFFECT = "affect-labelled"
_FREE = "label-free"
_EVALUATED = "sees evaluated labels"

_RECIPES = (
    Recipe(
        name="mlm",
        title="Masked-LM (control for text)",
        citation="Devlin et al. 2019. BERT. NAACL. arXiv:1810.04805",
        group=_FREE,
        data="pool",
        objective="masked_lm:MaskedLM",
    ),
    Recipe(
        name="electra",
        title="Replaced-token detection (control for perturbed-token detection)",
        citation="Clark et al. 2020. ELECTRA. ICLR. arXiv:2003.10555",
        group=_FREE,
        data="pool",
        objective="electra:Electra",
        choices="The generator is the first third of the encoder's own layers.",
    ),
    Recipe(
        name="simcse",
        title="SimCSE, unsupervised",
        citation="Gao et al. 2021. SimCSE. EMNLP. arXiv:2104.08821",
        group=_FREE,
        data="pool",
        objective="simcse:SimCSE",
        dropout=0.1,
    ),
    Recipe(
        name="bert-pt",
        title="BERT-PT, reviews only",
        citation="Xu et al. 2019. BERT Post-Training for Review Reading Comprehension. NAACL. arXiv:1904.02232",
        group=_FREE,
        data="reviews",
        objective="bert_pt:BertPT",
        choices="No question answering.",
    ),
    Recipe(
        name="bert-pt-squad",
        title="BERT-PT, reviews and SQuAD",
        citation="Xu et al. 2019. BERT Post-Training for Review Reading Comprehension. NAACL. arXiv:1904.02232",
        group=_FREE,
        data="reviews-and-questions",
        objective="bert_pt:BertPTSquad",
        needs=SQUAD,
        choices="Half of the texts are reviews, half questions of SQuAD 1.1; padding cannot be an answer.",
    ),
    Recipe(
        name="sentix",
        title="SentiX",
        citation="Zhou et al. 2020. SentiX. COLING",
        group=_AFFECT,
        data="pool",
        objective="sentix:SentiX",
        choices="Sentiment words of VADER; ratings are valences in five steps.",
    ),
    Recipe(
        name="sentilare",
        title="SentiLARE",
        citation="Ke et al. 2020. SentiLARE. EMNLP. arXiv:1911.02493",
        group=_AFFECT,
        data="pool",
        objective="sentilare:SentiLARE",
        choices="Polarities of VADER, parts of speech by rule; it is read without tags.",
    ),
    Recipe(
        name="senticse",
        title="SentiCSE",
        citation="Kim et al. 2024. SentiCSE. LREC-COLING. arXiv:2404.01104",
        group=_AFFECT,
        data="pool",
        objective="senticse:SentiCSE",
        dropout=0.1,
        choices="Polarity is the sign of valence, on the shared texts instead of MR; sentiment words of VADER.",
    ),
    Recipe(
        name="scapt",
        title="SCAPT-style supervised contrast",
        citation="Li et al. 2021. SCAPT. EMNLP. arXiv:2111.02194",
        group=_AFFECT,
        data="pool",
        objective="scapt:Scapt",
        choices="Polarity is the sign of valence; masked-LM in place of reconstruction and aspects.",
    ),
    Recipe(
        name="carl",
        title="CARL",
        citation="Son, Saurez and Har 2025. CARL. arXiv:2502.20613",
        group=_AFFECT,
        data="pool",
        objective=None,
        choices="The configuration of the `-cpu` encoders, with the budget's texts, steps and learning rate.",
    ),
    Recipe(
        name="sentibert",
        title="SentiBERT",
        citation="Yin et al. 2020. SentiBERT. ACL. arXiv:2005.04114",
        group=_EVALUATED,
        data="trees",
        objective="sentibert:SentiBERT",
        labels_of=("sst5",),
        choices="It is read at the first token, without a tree; lexicon words of VADER.",
    ),
    Recipe(
        name="emo",
        title="BERTEmo/RoBERTaEmo",
        citation="Shah, Reddy and Bhattacharyya 2023. Retrofitting Light-weight Language Models for Emotions using "
        "Supervised Contrastive Learning. EMNLP. arXiv:2310.18930",
        group=_EVALUATED,
        data="emotions",
        objective="emo:Emo",
        labels_of=("goemotions",),
        choices="Temperature 0.1 and weight 1 of the preservation are ours.",
    ),
    Recipe(
        name="transfer",
        title="Transfer learning on GoEmotions",
        citation="Shah, Reddy and Bhattacharyya 2023 (comparison arm). arXiv:2310.18930",
        group=_EVALUATED,
        data="emotions",
        objective="emotions:Transfer",
        labels_of=("goemotions",),
    ),
    Recipe(
        name="multitask",
        title="Multi-task learning on GoEmotions and valence",
        citation="Shah, Reddy and Bhattacharyya 2023 (comparison arm). arXiv:2310.18930",
        group=_EVALUATED,
        data="emotions-and-pool",
        objective="emotions:MultiTask",
        labels_of=("goemotions",),
        choices="Half of the texts have emotions, half a valence.",
    ),
    Recipe(
        name="sacl",
        title="SACL",
        citation="Hu et al. 2023. Supervised Adversarial Contrastive Learning for Emotion Recognition in "
        "Conversations. ACL. arXiv:2306.01505",
        group=_EVALUATED,
        data="emotions",
        objective="sacl:Sacl",
        labels_of=("goemotions",),
        choices="Single texts in place of conversations: the perturbation is on word embeddings.",
    ),
)


def _with_releases() -> dict[str, Recipe]:
    from dataclasses import replace

    found = {recipe.name: recipe for recipe in _RECIPES}
    for name, defect in _DEFECTS.items():
        recipe = found[name]
        found[f"{name}-as-released"] = replace(
            recipe,
            name=f"{name}-as-released",
            title=f"{recipe.title}, as released",
            as_released=True,
            choices=f"{recipe.choices} With the defect of the release: {defect}.".strip(),
        )
    return found


#: Recipe → the defect of the authors' program that the plain name repairs.
_DEFECTS: Mapping[str, str] = {
    "sentibert": "all columns of a tree are one too low: a node sees the words to the left of its own",
    "sentix": "one-star reviews give no rating loss",
    "sentilare": "a batch in which no text predicts its rating has a loss that is not a number",
    "senticse": "no hidden token becomes a random one",
}


def recipes(*, as_released: bool = False) -> tuple[Recipe, ...]:
    """All recipes in the table's order.

    Args:
        as_released: those with a release's defect as well.
    """
    return tuple(recipe for recipe in _with_releases().values() if as_released or not recipe.as_released)


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        UsageError: there is none of that name; near ones are named.
    """
    found = _with_releases()
    if name not in found:
        raise unknown_name("recipe", name, list(found))
    return found[name]
