"""A conformance kit for encoders: `check_encoder` tries every rule of the contract and reports all that are broken.

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.encoder import Encoder, EncoderCard, as_float32, checked_vectors, encode_checked
from harness.errors import BenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Largest difference between a text's vector alone and in a batch, relative to the vector's largest value. Padded
#: batches differ by rounding alone; a missing attention mask differs by more than a hundred times this.
BATCH_TOLERANCE = 1e-5

_SENTENCE = "a mild bright rain went on over the hills and nobody minded much while we waited for one more train"
_LONG = f"{_SENTENCE} " * 80

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
    note: str = ""
    """What is no fault but good to know."""

    @property
    def passed(self) -> bool:
        """Whether every rule was kept."""
        return not any(finding.fault for finding in self.findings)

    def __str__(self) -> str:
        lines = [f"{f.rule}: {f.fault or 'kept'}" for f in self.findings] + [self.note] * bool(self.note)
        return f"{self.name}: {'conforms' if self.passed else 'DOES NOT CONFORM'}\n  " + "\n  ".join(lines)


def check_encoder(encoder: Encoder) -> ConformanceReport:
    """Try every rule of the encoder contract.

    Args:
        encoder: the encoder, ready to encode.

    Returns:
        One finding per rule, whatever the others found.

    Raises:
        WeightsMissing, ExtraMissing: the encoder cannot encode on this machine at all.
    """
    card = getattr(encoder, "card", None)
    name = str(getattr(card, "name", type(encoder).__name__))
    probe = _Probe(encoder, name)
    rules: tuple[tuple[str, Callable[[], str]], ...] = (
        (
            "a card of type EncoderCard",
            lambda: "" if isinstance(card, EncoderCard) else f"it is a {type(card).__name__}",
        ),
        ("finite float32 vectors of shape (n, d), not all the same", probe.vectors_are_sound),
        ("same text, same vector, alone or in any batch", probe.batch),
        ("same text, same vector, whatever was encoded before", probe.history),
        ("row i belongs to text i, in any order", probe.order),
        ("deterministic", probe.deterministic),
        ("odd texts are encoded", probe.odd_texts),
        ("no text, no rows", probe.no_texts),
        ("keeps no gradient", probe.gradient),
        ("pickles for worker processes", probe.pickles),
    )
    findings: list[Finding] = []
    for rule, check in rules:
        try:
            fault = check()
        except BaseException as error:  # the kit reports whatever the encoder raises
            if isinstance(error, KeyboardInterrupt) or (isinstance(error, BenchError) and error.status != "failed"):
                raise
            fault = f"raised {type(error).__name__}: {error}"
        # What is broken in the same way is said once.
        said = next((earlier.rule for earlier in findings if fault and earlier.fault == fault), None)
        findings.append(Finding(rule, fault if said is None else f"as for {said!r}"))
    note = (
        "note: it has no `fingerprint` of its own. One is made from its card, its source and a few vectors, which "
        "misses other files that it reads: give it a `fingerprint` that covers them, or use `--fresh` after a change"
    )
    return ConformanceReport(name, tuple(findings), "" if getattr(encoder, "fingerprint", None) else note)


class _Probe:
    """The rules that need vectors, over forty texts."""

    def __init__(self, encoder: Encoder, name: str) -> None:
        generator, words = random.Random(20), _SENTENCE.split()
        self.encoder, self.name = encoder, name
        self.texts = [" ".join(generator.choices(words, k=generator.randint(1, 40))) + f" {i}" for i in range(40)]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What the encoder gives, as an array and otherwise unchecked."""
        return as_float32(self.encoder.encode(list(texts)))

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Those of the texts."""
        return self.encode(self.texts)

    def vectors_are_sound(self) -> str:
        vectors = checked_vectors(self.encoder.encode(self.texts), len(self.texts), self.name)
        return "all texts have the same vector" if (vectors == vectors[0]).all() else ""

    def batch(self) -> str:
        import numpy as np

        first = self.vectors[:8]
        alone = np.concatenate([self.encode([text]) for text in self.texts[:8]])
        with_long = self.encode([*self.texts[:8], "long " * 300])[:8]
        worst = max(_difference(first, alone), _difference(first, with_long))
        return _beyond(worst, "vectors move by {:.2g} of their size with the batch")

    def history(self) -> str:
        # Past the sizes at which models change how they attend, there and back again.
        texts = [self.texts[0], *(f"{_SENTENCE} " * count for count in (2, 8, 40)), _LONG]
        there = [self.encode([text]) for text in texts]
        back = [self.encode([text]) for text in reversed(texts)]
        worst = max(map(_difference, there, reversed(back)))
        return _beyond(worst, "vectors move by {:.2g} of their size after longer or shorter texts")

    def order(self) -> str:
        order = list(range(len(self.texts)))
        random.Random(7).shuffle(order)
        shuffled = self.encode([self.texts[i] for i in order] + [self.texts[order[0]]])
        if len(shuffled) != len(order) + 1:
            return f"{len(shuffled)} rows for {len(order) + 1} texts, one of them repeated"
        worst = max(_difference(self.vectors[order], shuffled[:-1]), _difference(shuffled[:1], shuffled[-1:]))
        return _beyond(worst, "rows differ by {:.2g} of their size after shuffling")

    def deterministic(self) -> str:
        worst = _difference(self.vectors, self.encode(self.texts))
        return _beyond(worst, "two calls differ by {:.2g}: dropout or another random part is on")

    def odd_texts(self) -> str:
        faults, expected = [], self.vectors.shape[1]
        for kind, text in _ODD_TEXTS.items():
            try:
                width = encode_checked(self.encoder, [text]).shape[1]
                if width != expected:
                    faults.append(f"{kind} ({width} dimensions)")
            except BenchError as error:
                faults.append(f"{kind} ({type(error).__name__}: {str(error)[:80]})")
        return "; ".join(faults)

    def no_texts(self) -> str:
        empty = self.encode([])
        return "" if len(empty) == 0 else f"{len(empty)} rows for no text"

    def gradient(self) -> str:
        # A graph kept alive grows with every call until memory is full.
        before = {id(tensor) for tensor in _graph_tensors()}
        self.encoder.encode(self.texts[:4])
        kept = sum(id(tensor) not in before for tensor in _graph_tensors())
        return f"{kept} tensors with a gradient graph stay alive after encoding: use torch.no_grad()" if kept else ""

    def pickles(self) -> str:
        again = _Probe(pickle.loads(pickle.dumps(self.encoder)), self.name)
        # The other way round: to the fresh copy a short text comes after a long one.
        texts = [_LONG, *self.texts[:3]]
        worst = max(_difference(self.encode([text]), again.encode([text])) for text in texts)
        return _beyond(worst, "the unpickled encoder's vectors differ by {:.2g}")


def _beyond(difference: float, fault: str) -> str:
    return "" if difference <= BATCH_TOLERANCE else fault.format(difference)


def _difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    import numpy as np

    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return float(np.abs(a - b).max() / max(float(np.abs(a).max()), 1e-12))


def _graph_tensors() -> list[Any]:
    """Live tensors that are the result of a recorded operation; none where torch was never imported."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    gc.collect()
    return [o for o in gc.get_objects() if issubclass(type(o), torch.Tensor) and o.grad_fn is not None]
