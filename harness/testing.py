"""A conformance kit for encoders: `check_encoder` tries every rule of the contract.

from harness.testing import check_encoder

def test_my_encoder():
    report = check_encoder(MyEncoder())
    assert report.passed, report
"""

from __future__ import annotations

import gc
import pickle
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.conformance import checked_vectors
from harness.encoder import Encoder, EncoderCard
from harness.errors import BenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Largest difference between a text's vector alone and in a batch, relative to the vector's largest value. Padded
#: batches differ by rounding alone; a missing attention mask differs by more than a hundred times this.
BATCH_TOLERANCE = 1e-5

_SENTENCE = "a mild bright rain went on over the hills and nobody minded much while we waited for one more train"

_ODD_TEXTS = {
    "the empty string": "",
    "a blank": " ",
    "10,000 words": "calm " * 10_000,
    "emoji": "so 😀 then 👩‍👩‍👧 and 🇰🇷",
    "control characters": "a\x00b\x07c\x1b[31m\u200bd\r\n",
    "a lone surrogate": "half a pair \ud83d",
    "right-to-left text": "שלום and مرحبا",
    "one very long word": "x" * 5_000,
}


@dataclass(frozen=True)
class Finding:
    """One rule, and how an encoder broke it (empty when it kept it)."""

    rule: str
    fault: str = ""


@dataclass(frozen=True)
class ConformanceReport:
    """What `check_encoder` found."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule was kept."""
        return not any(finding.fault for finding in self.findings)

    def __str__(self) -> str:
        lines = [f"{f.rule}: {f.fault or 'kept'}" for f in self.findings]
        return f"{self.name}: {'conforms' if self.passed else 'DOES NOT CONFORM'}\n  " + "\n  ".join(lines)


def check_encoder(encoder: Encoder) -> ConformanceReport:
    """Try every rule of the encoder contract.

    Args:
        encoder: the encoder, ready to encode.

    Returns:
        One finding per rule; rules that need vectors are left out once encoding itself fails.

    Raises:
        WeightsMissing, ExtraMissing: the encoder cannot encode on this machine at all.
    """
    name = getattr(getattr(encoder, "card", None), "name", type(encoder).__name__)
    findings = [Finding("a card of type EncoderCard", _card(encoder))]
    texts = _texts()
    try:
        vectors = checked_vectors(encoder.encode(texts), len(texts), name)
    except BenchError as error:
        if error.status != "failed":
            raise
        return ConformanceReport(name, (*findings, Finding("finite float32 vectors of shape (n, d)", str(error))))
    except Exception as error:  # the kit reports whatever the encoder raises
        fault = f"raised {type(error).__name__}: {error}"
        return ConformanceReport(name, (*findings, Finding("finite float32 vectors of shape (n, d)", fault)))
    findings.append(Finding("finite float32 vectors of shape (n, d)"))
    rules: list[tuple[str, Callable[[Encoder, list[str], NDArray[np.float32]], str]]] = [
        ("same text, same vector, alone or in any batch", _batch),
        ("row i belongs to text i, in any order", _order),
        ("deterministic", _deterministic),
        ("odd texts are encoded", _odd_texts),
        ("no text, no rows", _no_texts),
        ("keeps no gradient", _gradient),
        ("pickles for worker processes", _pickles),
    ]
    for rule, check in rules:
        try:
            fault = check(encoder, texts, vectors)
        except Exception as error:  # the kit reports whatever the encoder raises
            fault = f"raised {type(error).__name__}: {error}"
        findings.append(Finding(rule, fault))
    return ConformanceReport(name, tuple(findings))


def _texts() -> list[str]:
    generator, words = random.Random(20), _SENTENCE.split()
    return [" ".join(generator.choices(words, k=generator.randint(1, 40))) + f" {i}" for i in range(40)]


def _card(encoder: Encoder) -> str:
    card = getattr(encoder, "card", None)
    return "" if isinstance(card, EncoderCard) else f"`card` is a {type(card).__name__}"


def _difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    import numpy as np

    if a.shape != b.shape:
        return float("inf")
    return float(np.abs(a - b).max() / max(float(np.abs(a).max()), 1e-12)) if a.size else 0.0


def _batch(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    import numpy as np

    alone = np.concatenate([encoder.encode([text]) for text in texts[:8]])
    with_long = encoder.encode([*texts[:8], "long " * 300])[:8]
    worst = max(_difference(vectors[:8], alone), _difference(vectors[:8], with_long))
    return "" if worst <= BATCH_TOLERANCE else f"vectors move by {worst:.2g} of their size with the batch"


def _order(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    order = list(range(len(texts)))
    random.Random(7).shuffle(order)
    shuffled = encoder.encode([texts[i] for i in order] + [texts[order[0]]])
    if len(shuffled) != len(texts) + 1:
        return f"{len(shuffled)} rows for {len(texts) + 1} texts, one of them repeated"
    worst = max(_difference(vectors[order], shuffled[:-1]), _difference(shuffled[:1], shuffled[-1:]))
    return "" if worst <= BATCH_TOLERANCE else f"rows differ by {worst:.2g} of their size after shuffling"


def _deterministic(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    worst = _difference(vectors, encoder.encode(texts))
    return "" if worst <= BATCH_TOLERANCE else f"two calls differ by {worst:.2g}: dropout or another random part is on"


def _odd_texts(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    faults = []
    for kind, text in _ODD_TEXTS.items():
        try:
            checked = checked_vectors(encoder.encode([text]), 1, encoder.card.name)
            if checked.shape[1] != vectors.shape[1]:
                faults.append(f"{kind} ({checked.shape[1]} dimensions)")
        except Exception as error:  # the kit reports whatever the encoder raises
            faults.append(f"{kind} ({type(error).__name__}: {str(error)[:80]})")
    return "; ".join(faults)


def _no_texts(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    empty = encoder.encode([])
    return "" if len(empty) == 0 else f"{len(empty)} rows for no text"


def _gradient(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    # A graph kept alive grows with every call until memory is full.
    before = {id(tensor) for tensor in _graph_tensors()}
    encoder.encode(texts[:4])
    kept = sum(id(tensor) not in before for tensor in _graph_tensors())
    return f"{kept} tensors with a gradient graph stay alive after encoding: use torch.no_grad()" if kept else ""


def _graph_tensors() -> list[Any]:
    """Live tensors that are the result of a recorded operation; none where torch was never imported."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    gc.collect()
    return [o for o in gc.get_objects() if issubclass(type(o), torch.Tensor) and o.grad_fn is not None]


def _pickles(encoder: Encoder, texts: list[str], vectors: NDArray[np.float32]) -> str:
    worst = _difference(vectors[:3], pickle.loads(pickle.dumps(encoder)).encode(texts[:3]))
    return "" if worst <= BATCH_TOLERANCE else f"the unpickled encoder's vectors differ by {worst:.2g}"
