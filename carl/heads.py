"""Linear heads over a frozen encoder: from a text's vector to valence, arousal and emotion probabilities.

They lie below the checkpoint in a folder: `heads/heads.safetensors` (float32) and `heads/heads.json`, which says
how they were fitted, how they score, and which weights they belong to. They are fitted on training splits by the
harness's protocols: least squares on EmoBank, and multinomial logistic regression on the GoEmotions comments that fall
into one Ekman class, its C chosen on the development split. Test splits decide nothing. The encoder itself never sees a
GoEmotions label.

>>> predict = load_predictor("carl-minilm")  # doctest: +SKIP
>>> predict(["What a day!"]).valence  # doctest: +SKIP
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from carl.provenance import read_record
from carl.shipped import find_transformer
from harness.corpora import emobank, goemotions
from harness.corpora.base import CorpusLibrary
from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.files import sha256_file, write_text
from harness.outcome import Metric
from harness.tasks.valence_arousal import DIMENSIONS, scaled
from harness.transformer import TransformerEncoder

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

#: Below a checkpoint.
_TENSORS, _FACTS = "heads/heads.safetensors", "heads/heads.json"

_C_GRID = tuple(2.0**power for power in range(-4, 7, 2))


class Facts(BaseModel):
    """How a head came about."""

    outputs: tuple[str, ...]
    """What each row of the map gives."""
    data: str
    """The corpus, with its licence."""
    protocol: str
    """Task whose procedure fitted it and whose test split scored it."""
    method: str
    """The procedure in words."""
    fitted: int
    """Texts that it was fitted on."""
    scored: int
    """Texts of the test split."""
    scores: dict[str, Metric]
    """On the test split."""
    dtype: str = "float32"
    """Of the encoder's passes."""


class _File(BaseModel):
    version: Literal[1] = 1
    weights_sha256: str
    heads: dict[Literal["affect", "emotion"], Facts]


@dataclass(frozen=True)
class Head:
    """One linear map: weight (outputs, d), bias (outputs,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    facts: Facts

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Apply the map to vectors (n, d): (n, outputs)."""
        return np.asarray(vectors @ self.weight.T.astype(np.float64) + self.bias, dtype=np.float64)


@dataclass(frozen=True)
class Heads:
    """The two heads of a checkpoint."""

    affect: Head
    """Valence and arousal in [−1, 1]."""
    emotion: Head
    """Logits of the emotions."""

    def valence_arousal(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Valence and arousal, (n, 2), cut to [−1, 1]: a linear map may leave the scale that people rated on."""
        return np.clip(self.affect(vectors), -1.0, 1.0)

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability of each emotion given that the text has exactly one of them, (n, emotions); rows sum to 1."""
        return np.asarray(softmax(self.emotion(vectors), axis=1))


def fit_heads(encode: Encode, library: CorpusLibrary, dtype: str = "float32") -> Heads:
    """Fit both heads on training splits and score them, once, on test splits.

    Args:
        encode: texts → float32 (n, d), of the encoder as it ships.
        library: reads EmoBank and GoEmotions.
        dtype: of the encoder's passes, for the record.

    Raises:
        DataMissing: a corpus is nowhere.
        DataInvalid: a file is not as published.
    """
    return Heads(affect=_affect(encode, library, dtype), emotion=_emotions(encode, library, dtype))


def _affect(encode: Encode, library: CorpusLibrary, dtype: str) -> Head:
    from sklearn.linear_model import LinearRegression

    train, test = (library.load("emobank", split) for split in ("train", "test"))
    probe = LinearRegression().fit(encode(train.texts).astype(np.float64), scaled(train, DIMENSIONS[:2]))
    predicted, gold = probe.predict(encode(test.texts)), scaled(test, DIMENSIONS[:2])
    scores = {}
    for column, name in enumerate(("valence", "arousal")):
        scores[f"{name}.pearson"] = Metric(float(np.corrcoef(gold[:, column], predicted[:, column])[0, 1]))
        scores[f"{name}.mae"] = Metric(float(np.abs(gold[:, column] - predicted[:, column]).mean()))
    facts = Facts(
        outputs=("valence", "arousal"),
        data=f"{emobank.CARD.title}, {emobank.CARD.licence}",
        protocol="valence-arousal/emobank/official/1",
        method="ordinary least squares with intercept on the training split; ratings 1 to 5 scaled to -1 to 1",
        fitted=len(train),
        scored=len(test),
        scores=scores,
        dtype=dtype,
    )
    return Head(probe.coef_.astype(np.float32), probe.intercept_.astype(np.float32), facts)


def _emotions(encode: Encode, library: CorpusLibrary, dtype: str) -> Head:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score

    splits = {}
    for split in ("train", "dev", "test"):
        examples = library.load("goemotions", split)
        chosen = goemotions.ekman(examples)
        splits[split] = encode([examples.texts[row] for row in chosen.rows]).astype(np.float64), chosen.labels
    probes = [LogisticRegression(C=C, tol=1e-5, max_iter=2000).fit(*splits["train"]) for C in _C_GRID]
    development = [f1_score(splits["dev"][1], probe.predict(splits["dev"][0]), average="macro") for probe in probes]
    best = int(np.argmax(development))
    vectors, gold = splits["test"]
    guessed = probes[best].predict(vectors)
    facts = Facts(
        outputs=tuple(chosen.classes[label] for label in probes[best].classes_),
        data=f"{goemotions.CARD.title}, {goemotions.CARD.licence}",
        protocol="emotion/goemotions/ekman6-mapped/1",
        method="multinomial logistic regression on comments that fall into one of the six classes, "
        f"C = {_C_GRID[best]:g} chosen by macro F1 on the development split; neutral comments are left out",
        fitted=len(splits["train"][1]),
        scored=len(gold),
        scores={
            "accuracy": Metric(float(accuracy_score(gold, guessed))),
            "macro.f1": Metric(float(f1_score(gold, guessed, average="macro"))),
            "largest.class": Metric(float(np.bincount(gold).max() / len(gold))),
        },
        dtype=dtype,
    )
    weight, bias = np.atleast_2d(probes[best].coef_), probes[best].intercept_
    if len(weight) == 1:  # scikit-learn keeps one row for two classes
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(weight.astype(np.float32), bias.astype(np.float32), facts)


def _weights(directory: Path) -> Path:
    """The file of a checkpoint's trained weights: an adapter's, or a whole model's."""
    adapter = directory / "adapter_model.safetensors"
    return adapter if adapter.is_file() else directory / "model.safetensors"


def write_heads(directory: Path, heads: Heads) -> None:
    """Write the heads of the checkpoint in a directory, tied to its weights by their checksum."""
    parts: Mapping[Any, Head] = {"affect": heads.affect, "emotion": heads.emotion}
    tensors = {f"{name}.{part}": getattr(head, part) for name, head in parts.items() for part in ("weight", "bias")}
    facts = {name: head.facts for name, head in parts.items()}
    file = _File(weights_sha256=sha256_file(_weights(directory)), heads=facts)
    write_text(directory / _FACTS, file.model_dump_json(indent=2) + "\n", "the heads' description")
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, directory / _TENSORS)


def read_heads(directory: Path) -> Heads:
    """Read the heads of the checkpoint in a directory.

    Raises:
        WeightsMissing: it has none.
        WeightsInvalid: they are damaged, or were fitted on other weights than lie beside them.
    """
    if not (directory / _FACTS).is_file():
        raise WeightsMissing(f"{directory} has no heads; `carl ship RUN --name NAME --data-dir DATA` fits them")
    try:
        file = _File.model_validate_json((directory / _FACTS).read_bytes())
        tensors = load_file(directory / _TENSORS)
        found = {}
        for name, facts in file.heads.items():
            weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            if weight.ndim != 2 or not len(weight) == len(bias) == len(facts.outputs):
                raise ValueError(f"{name} has tensors of shapes {weight.shape} and {bias.shape}")
            found[name] = Head(weight, bias, facts)
        heads = Heads(affect=found["affect"], emotion=found["emotion"])
    except (OSError, ValueError, LookupError, SafetensorError) as error:
        raise WeightsInvalid(f"the heads in {directory} cannot be read ({error}); ship the checkpoint again") from error
    if sha256_file(_weights(directory)) != file.weights_sha256:
        raise WeightsInvalid(f"the heads in {directory} were fitted on other weights; ship the checkpoint again")
    return heads


@dataclass(frozen=True)
class Affect:
    """What is predicted of some texts."""

    valence: NDArray[np.float64]
    """(n,), from −1 (unpleasant) to 1 (pleasant); 0 is the middle of the rating scale."""
    arousal: NDArray[np.float64]
    """(n,), from −1 (calm) to 1 (excited)."""
    probabilities: NDArray[np.float64]
    """(n, emotions), of each emotion given that the text has exactly one of them; rows sum to 1."""
    emotions: tuple[str, ...]
    """Names of its columns."""


def load_predictor(
    model: str, *, device: str | None = None, dtype: str | None = None
) -> Callable[[Sequence[str]], Affect]:
    """Find an encoder with heads; what is returned predicts texts, each independent of the others.

    Weights are read when the first text is predicted.

    Args:
        model: a name (`carl-minilm`), or the directory of a checkpoint that `carl ship` wrote.
        device: `cpu`, `cuda`, ...; a GPU is taken when there is one.
        dtype: `float32` (default), `bfloat16` or `float16`.

    Raises:
        UsageError: no such model, or one of another kind or pooling.
        WeightsMissing: no checkpoint, or one without heads.
        WeightsInvalid: the heads are damaged or belong to other weights.
    """
    plugin = find_transformer(model)
    encoder = plugin.create(device=device, dtype=dtype)
    if not isinstance(encoder, TransformerEncoder) or plugin.pooling or plugin.reduction:
        raise UsageError(f"{model} has no heads; give a CARL encoder without @POOLING, or a shipped folder")
    directory = encoder.adapter_dir or encoder.files(fetch=False).config.parent
    heads = read_heads(directory)
    # The vector that was trained, which need not be the default of a folder or of an adapter's backbone.
    encoder = plugin.create(device=device, dtype=dtype, pooling=read_record(directory).config["pooling"])

    def predict(texts: Sequence[str]) -> Affect:
        vectors = encoder.encode(texts)
        valence, arousal = heads.valence_arousal(vectors).T
        return Affect(valence, arousal, heads.probabilities(vectors), heads.emotion.facts.outputs)

    return predict
