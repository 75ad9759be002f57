"""Named configurations and ablation arms.

Named configurations are `paper` (everything that is printed, as printed), `carl-minilm`, `carl-roberta`,
`carl-bert`, each of these three with `-plus` (rated reviews besides the paper's corpora), with `-cpu` (what a
quarter of an hour of one CPU core affords) and with `-taught` (the same with a word list as a teacher), and each of
all of them with the name of an ablation arm behind it: `carl-minilm-no-ptd`. The paper's fourth corpus, IEMOCAP,
needs a licence: whoever holds it adds `iemocap` to `sources`. What ships trains without EmoTales, whose licence nobody
states.

>>> configuration("carl-minilm-no-ptd").lambda_ptd
0.0
>>> configuration("paper").epsilon
5e-09
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from carl.config import ALL_RATED, Config
from harness.errors import UsageError


def _bases() -> dict[str, Config]:
    paper = Config(
        name="paper",
        backbone="bert",
        sources=("emobank", "facebook", "emotales"),
        max_length=128,
        epsilon=5e-9,
        alpha=5.0,
        relative=False,
        attacked_texts=1.0,
        momentum=0.9996,
        head_learning_rate=2e-5,
        precision="float32",
        evaluate_every=10,
    )
    bases = {"paper": paper}
    for backbone in ("minilm", "bert", "roberta"):
        name = f"carl-{backbone}"
        start = "roberta-small" if backbone == "roberta" else backbone
        bases[name] = Config(name=name, backbone=start)
        bases[f"{name}-plus"] = Config(
            name=f"{name}-plus",
            backbone=start,
            sources=("emobank", "facebook", "rated"),
            similarity="euclidean",
            label_temperature=0.3,
            learning_rate=5e-5,
        )
        bases[f"{name}-cpu"] = replace(bases[f"{name}-plus"], name=f"{name}-cpu", **_CPU)
        bases[f"{name}-taught"] = replace(bases[f"{name}-cpu"], name=f"{name}-taught", **_TAUGHT)
    return bases


#: What one pass over 31,000 texts costs in a quarter of an hour of one CPU core: short excerpts, a token loss on a
#: quarter of the texts after one step of the attack, bfloat16. Longer runs at 2e-4 lost the emotions again while they
#: still got better at ratings.
_CPU: Mapping[str, Any] = {
    "rated_sources": ALL_RATED,
    "rated_texts": 20_000,
    "rated_excerpts": 6,
    "max_length": 40,
    "token_texts": 0.25,
    "attack_steps": 1,
    "alpha": 0.5,
    "dropout": 0.0,
    "precision": "bfloat16",
    "learning_rate": 1e-4,
    "restarts": False,
    "epochs": 1,
    "evaluate_every": 120,
    "development_texts": 1000,
}


#: A word list as a teacher besides (`carl.teaching`), on comments of the kind that GoEmotions is made of, too.
_TAUGHT: Mapping[str, Any] = {
    "sources": ("emobank", "facebook", "rated", "unlabelled"),
    "teacher": "lexicon",
    "lambda_teacher": 1.0,
    "lambda_ptd": 0.1,
    "rated_texts": 30_000,
    "unlabelled_texts": 30_000,
    "steps": 300,
    "evaluate_every": 100,
    "learning_rate": 1.5e-4,
}


#: Ablation arm → what it changes.
ARMS: Mapping[str, Mapping[str, Any]] = {
    "full": {},
    "no-ptd": {"lambda_ptd": 0.0},
    "no-mccl": {"lambda_mccl": 0.0},
    "random-tokens": {"selection": "random"},
    "polarity-labels": {"similarity": "polarity"},
    "euclidean": {"similarity": "euclidean"},
    "cosine": {"similarity": "cosine"},
    "tau-label-0.05": {"label_temperature": 0.05},
    "tau-label-0.3": {"label_temperature": 0.3},
    "tau-label-1": {"label_temperature": 1.0},
    "no-target": {"target": "online"},
    "slow-target": {"momentum": 0.9996},
    "observed-scaling": {"scaling": "observed"},
}


def configuration_names() -> tuple[str, ...]:
    """Names of the configurations without arms."""
    return tuple(_bases())


def configuration(name: str) -> Config:
    """Look up a named configuration, with or without an ablation arm behind its name.

    Raises:
        UsageError: there is none of that name.
    """
    bases = _bases()
    if name in bases:
        return bases[name]
    for arm, changes in ARMS.items():
        base = name.removesuffix(f"-{arm}")
        if base != name and base in bases:
            return replace(bases[base], name=name, **changes)
    raise UsageError(
        f"unknown configuration {name!r}; there are {', '.join(bases)}, each also with an ablation arm behind it: "
        f"{', '.join(f'-{arm}' for arm in ARMS)}"
    )
