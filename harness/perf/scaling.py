"""How time grows with the number of texts, their length, folds and dimensions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.perf.encoding import MODEL
from harness.perf.machine import limited_to
from harness.perf.material import composed
from harness.perf.settings import Settings
from harness.perf.timing import cpu_seconds
from harness.registry import load_encoder


@dataclass(frozen=True)
class Series:
    """One quantity varied, all else held."""

    name: str
    """What is varied."""
    of: str
    """What is timed, and what is held."""
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    """For each size; of one text where `name` is the length."""

    @property
    def exponent(self) -> float:
        """The p of seconds ≈ c · sizeᵖ, by least squares of the logarithms: 1 is linear growth.

        >>> round(Series("n", "", (1, 10, 100), (2.0, 20.0, 200.0)).exponent, 6)
        1.0
        """
        import numpy as np

        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form, with the exponent."""
        return {**asdict(self), "exponent": self.exponent}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Series:
        """Read back what `as_dict` gave."""
        return cls(raw["name"], raw["of"], tuple(raw["sizes"]), tuple(raw["seconds"]))


def scaling(settings: Settings) -> list[Series]:
    """Measure all four.

    Raises:
        ExtraMissing: the weights of MiniLM are not on this machine.
    """
    with limited_to(settings.threads):
        return [_texts(settings), _length(settings), _folds(settings), _dimensions(settings)]


def _texts(settings: Settings) -> Series:
    sizes = (50, 100, 200) if settings.quick else (1000, 3000, 10_000, 30_000, 100_000)
    encoder = load_encoder(MODEL, device="cpu")
    encoder.encode(["warm"])
    words = 6

    def encode(count: int) -> Callable[[], object]:
        texts = composed(count, words, seed=count)
        return lambda: encoder.encode(texts)

    return Series(
        "texts", f"MiniLM, {words} words each", sizes, tuple(_timed(encode(size), settings) for size in sizes)
    )


def _length(settings: Settings) -> Series:
    import numpy as np

    sizes = (8, 32, 128) if settings.quick else (8, 16, 32, 64, 128, 256, 512)
    tokens = 2048 if settings.quick else 32_768
    encoder: Any = load_encoder(MODEL, device="cpu", max_length=512)
    encoder.encode(["warm"])
    generator = np.random.default_rng(0)

    def encode(length: int) -> Callable[[], object]:
        items = [generator.integers(1000, 20_000, length).astype(np.int32) for _ in range(tokens // length)]
        return lambda: encoder.encode_inputs(items)

    seconds = tuple(_timed(encode(size), settings) / (tokens // size) for size in sizes)
    return Series("length", "MiniLM, one text of so many tokens", sizes, seconds)


def _folds(settings: Settings) -> Series:
    from harness.perf.probing import STRENGTHS
    from harness.probes.logistic import cross_validation

    sizes = (2, 4, 8) if settings.quick else (2, 5, 10, 20, 50, 100)
    rows, dimensions = (300, 32) if settings.quick else (10_000, 384)
    X, y = _labelled(rows, dimensions)

    def probe(count: int) -> Callable[[], object]:
        return lambda: cross_validation(X, y, STRENGTHS, _parts(rows, count))

    return Series(
        "folds",
        f"logistic probe, {rows:,} rows, {dimensions} dimensions, {len(STRENGTHS)} strengths",
        sizes,
        tuple(_timed(probe(size), settings) for size in sizes),
    )


def _dimensions(settings: Settings) -> Series:
    from harness.perf.probing import STRENGTHS
    from harness.probes.logistic import cross_validation

    sizes = (16, 32, 64) if settings.quick else (64, 128, 256, 512, 1024)
    rows = 300 if settings.quick else 10_000

    def probe(dimensions: int) -> Callable[[], object]:
        X, y = _labelled(rows, dimensions)
        return lambda: cross_validation(X, y, STRENGTHS, _parts(rows, 10))

    return Series(
        "dimensions",
        f"logistic probe, {rows:,} rows, 10 folds, {len(STRENGTHS)} strengths",
        sizes,
        tuple(_timed(probe(size), settings) for size in sizes),
    )


def _labelled(rows: int, dimensions: int) -> tuple[Any, Any]:
    """Features whose first ten columns tell the classes apart, about as well at any width."""
    import numpy as np

    generator = np.random.default_rng(dimensions)
    X = generator.normal(size=(rows, dimensions)).astype(np.float32)
    return X, (X[:, :10].sum(axis=1) + 3 * generator.normal(size=rows) > 0).astype(np.int64)


def _parts(rows: int, count: int) -> Sequence[Any]:
    import numpy as np

    return np.array_split(np.random.default_rng(0).permutation(rows), count)


def _timed(call: Callable[[], object], settings: Settings) -> float:
    """Seconds of one call: the quickest of several where they are short, for what disturbs only adds."""
    best, spent = float("inf"), 0.0
    for _ in range(5):
        before = time.perf_counter() if settings.clock == "wall" else cpu_seconds()
        call()
        taken = (time.perf_counter() if settings.clock == "wall" else cpu_seconds()) - before
        best, spent = min(best, max(taken, 1e-6)), spent + taken
        if spent > 10:
            break
    return best
