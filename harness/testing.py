"""A conformance kit for encoders: `check_encoder` tries every rule of the contract and reports all that are broken.

from harness.testing import check_encoder

def test_my_encoder():
    report = check_encoder(MyEncoder())
    assert report.passed, report
"""

import pickle
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness.encoder import Encoder, EncoderCard, as_float32, checked_vectors, encode_checked
from harness.errors import BenchError

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

_NO_FINGERPRINT = (
    "note: it has no `fingerprint` of its own. One is made from its card, its source and a few vectors, which "
    "misses other files that it reads: give it a `fingerprint` that covers them, or use `--fresh` after a change"
)


@dataclass(frozen=True)
class ConformanceReport:
    """What `check_encoder` found."""

    name: str
    findings: Mapping[str, str]
    """Rule → how the encoder broke it; empty when it kept it."""
    note: str = ""
    """What is no fault but good to know."""

    @property
    def passed(self) -> bool:
        """Whether every rule was kept."""
        return not any(self.findings.values())

    def __str__(self) -> str:
        lines = [f"{rule}: {fault or 'kept'}" for rule, fault in self.findings.items()] + [self.note] * bool(self.note)
        return f"{self.name}: {'conforms' if self.passed else 'DOES NOT CONFORM'}\n  " + "\n  ".join(lines)


def check_encoder(encoder: Encoder) -> ConformanceReport:
    """Try every rule of the encoder contract.

    Args:
        encoder: the encoder, ready to encode.

    Returns:
        One finding a rule, whatever the others found.

    Raises:
        WeightsMissing, ExtraMissing: the encoder cannot encode on this machine at all.
    """
    card = getattr(encoder, "card", None)
    name = str(getattr(card, "name", type(encoder).__name__))
    draw, words = random.Random(20), _SENTENCE.split()
    texts = [" ".join(draw.choices(words, k=draw.randint(1, 40))) + f" {i}" for i in range(40)]

    def encode(texts: Sequence[str], encoder: Encoder = encoder) -> NDArray[np.float32]:
        return as_float32(encoder.encode(list(texts)))

    @cache
    def vectors() -> NDArray[np.float32]:
        return encode(texts)

    def sound() -> str:
        found = checked_vectors(encoder.encode(texts), len(texts), name)
        return "all texts have the same vector" if (found == found[0]).all() else ""

    def batch() -> str:
        alone = np.concatenate([encode([text]) for text in texts[:8]])
        return _moved(alone, vectors()[:8]) or _moved(encode([*texts[:8], "long " * 300])[:8], vectors()[:8])

    def history() -> str:
        # Past the sizes at which models change how they attend, there and back again.
        grown = [texts[0], *(f"{_SENTENCE} " * count for count in (2, 8, 40)), _LONG]
        there = np.concatenate([encode([text]) for text in grown])
        return _moved(np.concatenate([encode([text]) for text in grown[::-1]])[::-1], there)

    def order() -> str:
        rows = draw.sample(range(len(texts)), len(texts))
        rows.append(rows[0])
        return _moved(encode([texts[row] for row in rows]), vectors()[rows])

    def odd() -> str:
        faults, expected = [], vectors().shape[1]
        for kind, text in _ODD_TEXTS.items():
            try:
                width = encode_checked(encoder, [text]).shape[1]
                fault = "" if width == expected else f"{width} dimensions"
            except BenchError as error:
                fault = f"{type(error).__name__}: {str(error)[:160]}"
            faults += [f"{kind} ({fault})"] * bool(fault)
        return "; ".join(faults)

    def none() -> str:
        rows = len(encode([]))
        return f"{rows} rows for no text" if rows else ""

    def pickled() -> str:
        again = pickle.loads(pickle.dumps(encoder))
        # The other way round: to the fresh copy a short text comes after a long one.
        pairs = [(encode([text], again), encode([text])) for text in (_LONG, *texts[:3])]
        return next((f"unpickled, {_moved(*pair)}" for pair in pairs if _moved(*pair)), "")

    rules: dict[str, Callable[[], str]] = {
        "a card of type EncoderCard": lambda: "" if isinstance(card, EncoderCard) else f"it is a {type(card).__name__}",
        "finite float32 vectors of shape (n, d), not all the same": sound,
        "same text, same vector, alone or in any batch": batch,
        "same text, same vector, whatever was encoded before": history,
        "row i belongs to text i, in any order": order,
        "deterministic, without dropout or another random part": lambda: _moved(encode(texts), vectors()),
        "odd texts are encoded": odd,
        "no text, no rows": none,
        "pickles for worker processes": pickled,
    }
    findings: dict[str, str] = {}
    for rule, check in rules.items():
        try:
            findings[rule] = check()
        except BaseException as error:  # the kit reports whatever the encoder raises
            if isinstance(error, KeyboardInterrupt) or (isinstance(error, BenchError) and error.status != "failed"):
                raise
            findings[rule] = f"raised {type(error).__name__}: {error}"
        first = next(earlier for earlier, fault in findings.items() if fault == findings[rule])
        if findings[rule] and first != rule:
            findings[rule] = f"as for {first!r}"
    return ConformanceReport(name, findings, "" if getattr(encoder, "fingerprint", None) else _NO_FINGERPRINT)


def _moved(found: NDArray[np.float32], expected: NDArray[np.float32]) -> str:
    """What is wrong with vectors that should be equal to others."""
    if found.shape != expected.shape:
        return f"shape {found.shape} where {expected.shape} is expected"
    found, expected = np.nan_to_num(found), np.nan_to_num(expected)
    worst = np.abs(found - expected).max(initial=0) / max(np.abs(expected).max(initial=0), 1e-12)
    return "" if worst <= BATCH_TOLERANCE else f"vectors move by {worst:.2g} of their size"
