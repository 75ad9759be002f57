"""Linear heads over a frozen encoder: from a text's vector to valence, arousal and emotion probabilities.

They lie in a folder of their own below the checkpoint, so that every program that looks for the encoder's weights
finds one file: `heads/heads.safetensors` (float32) and `heads/heads.json`, which says what they are, how they were
fitted, how they score, and which weights they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import WeightsInvalid, WeightsMissing
from harness.files import sha256_file, write_bytes, write_text
from harness.metrics import probabilities
from harness.outcome import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Subfolder of a checkpoint.
FOLDER = "heads"

_TENSORS = f"{FOLDER}/heads.safetensors"
_FACTS = f"{FOLDER}/heads.json"

#: Version of `heads.json`.
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Head:
    """One linear map and how it came about."""

    weight: NDArray[np.float32]
    """(outputs, d)."""
    bias: NDArray[np.float32]
    """(outputs,)."""
    outputs: tuple[str, ...]
    """What each row gives."""
    data: str
    """The corpus, with its licence."""
    protocol: str
    """Task id whose procedure fitted it and whose test split scored it."""
    method: str
    """The procedure in words."""
    fitted: int
    """Texts that it was fitted on."""
    scored: int
    """Texts of the test split."""
    scores: Mapping[str, Metric]
    """On the test split, with 95 % intervals where there are any."""

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
        return probabilities(self.emotion(vectors))


def write_heads(directory: Path, heads: Heads) -> None:
    """Write the heads of the checkpoint in a directory, tied to its weights by their checksum.

    Raises:
        StorageFault: the directory cannot be written.
    """
    from safetensors.numpy import save

    tensors = {
        f"{name}.{part}": np.ascontiguousarray(getattr(head, part), dtype=np.float32)
        for name, head in vars(heads).items()
        for part in ("weight", "bias")
    }
    described = {
        name: {key: value for key, value in asdict(head).items() if key not in ("weight", "bias")}
        for name, head in vars(heads).items()
    }
    facts = {"version": _VERSION, "weights_sha256": sha256_file(directory / "model.safetensors"), "heads": described}
    write_bytes(directory / _TENSORS, save(tensors), "the heads")
    write_text(directory / _FACTS, json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "the heads' description")


def read_heads(directory: Path) -> Heads:
    """Read the heads of the checkpoint in a directory.

    Raises:
        WeightsMissing: it has none.
        WeightsInvalid: they are damaged, or were fitted on other weights than lie beside them.
    """
    if not (directory / _FACTS).is_file():
        raise WeightsMissing(
            f"{directory} has no heads ({_FACTS}); `carl ship RUN --name NAME --data-dir DATA` fits them"
        )
    try:
        from safetensors.numpy import load_file

        facts = json.loads((directory / _FACTS).read_text("utf-8"))
        if facts["version"] != _VERSION:
            raise ValueError(f"version {facts['version']!r} is not {_VERSION}")
        tensors = load_file(directory / _TENSORS)
        heads = Heads(**{name: _head(name, facts["heads"][name], tensors) for name in ("affect", "emotion")})
        expected = str(facts["weights_sha256"])
    except Exception as error:  # the reader of tensors raises kinds of its own, all of which mean the file
        raise WeightsInvalid(
            f"the heads in {directory / FOLDER} cannot be read ({type(error).__name__}: {error}); ship the checkpoint "
            "again"
        ) from error
    if sha256_file(directory / "model.safetensors") != expected:
        raise WeightsInvalid(
            f"the heads in {directory / FOLDER} were fitted on other weights than the model.safetensors beside them; "
            "ship the checkpoint again"
        )
    return heads


def _head(name: str, facts: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Head:
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    outputs = tuple(facts["outputs"])
    if weight.dtype != np.float32 or weight.ndim != 2 or bias.shape != (len(outputs),) or len(weight) != len(outputs):
        raise ValueError(f"{name} has tensors of shapes {weight.shape} and {bias.shape} for {len(outputs)} outputs")
    scores = {key: Metric(**score) for key, score in facts["scores"].items()}
    return Head(weight=weight, bias=bias, **{**facts, "outputs": outputs, "scores": scores})
