"""The encoding engine against sentence-transformers and against plain padded batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from harness.perf.machine import large_products, limited_to
from harness.perf.material import Material
from harness.perf.rows import GROUPS, Row, measured
from harness.perf.settings import Settings
from harness.perf.timing import Samples, Spread, interleave, ratio, spread
from harness.registry import load_encoder
from harness.workers import EncodingPool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.transformer import Shape, TransformerEncoder

#: The model that is measured, with the pooling that sentence-transformers gives it.
MODEL = "minilm@mean"

_PADDED_BATCH = 32


def encoding_rows(wanted: Sequence[str], material: Material, settings: Settings) -> list[Row]:
    """Measure the rows of the group `encoding` that are wanted; all contestants take turns.

    Raises:
        ExtraMissing: the weights are not on this machine.
    """
    full = _encoder("float32")
    full.load()
    part = material.at_most(settings.texts)
    texts = list(part.texts)
    vectors: dict[str, NDArray[np.float32]] = {}
    contestants: dict[str, Callable[[], object]] = {}

    def enter(name: str, encode: Callable[[], NDArray[np.float32]]) -> None:
        def run() -> None:
            vectors[name] = encode()

        contestants[name] = run

    enter("ours", lambda: full.encode(texts))
    if "encode-bf16" in wanted:
        half = _encoder("bfloat16")
        enter("ours-bf16", lambda: half.encode(texts))
    theirs = find_spec("sentence_transformers") is not None
    if theirs and {"encode", "encode-bf16"} & set(wanted):
        model = sentence_transformer(full)
        enter("sentence-transformers", lambda: model.encode(texts, show_progress_bar=False))
    if "encode-plain" in wanted:
        enter("padded", _padded(full, texts))
    products, operations = large_products()
    if "peak" in wanted:
        contestants |= products
    pool = EncodingPool(full, settings.threads) if "processes" in wanted and settings.threads > 1 else None
    try:
        if pool is not None:
            contestants["processes"] = lambda: list(pool.encode(_parts(texts, settings.threads)))
        with limited_to(settings.threads):
            samples = interleave(contestants, settings.rounds)
    finally:
        if pool is not None:
            pool.close()
    tokens = [len(ids) for ids in full.inputs(texts)]
    facts = {
        "material": part.name,
        "texts": len(texts),
        "tokens": sum(tokens),
        "operations": operations_of(full.shape(), tokens),
        "seconds": {name: {"wall": found.wall, "cpu": found.cpu} for name, found in samples.items()},
    }
    rows = _Rows(samples, vectors, settings, facts)
    found = {
        "encode": rows.against("encode", "ours", "sentence-transformers"),
        "encode-plain": rows.against("encode-plain", "ours", "padded"),
        "encode-bf16": rows.against("encode-bf16", "ours-bf16", "sentence-transformers"),
        "peak": rows.peak(list(products), operations),
        "processes": rows.processes(),
    }
    return [found[key] for key in GROUPS["encoding"] if key in wanted]


class _Rows:
    """Rows from the times of all contestants."""

    def __init__(
        self,
        samples: Mapping[str, Samples],
        vectors: Mapping[str, NDArray[np.float32]],
        settings: Settings,
        facts: Mapping[str, Any],
    ) -> None:
        self.samples, self.vectors, self.settings, self.facts = samples, vectors, settings, facts

    def _times(self, name: str) -> tuple[float, ...]:
        return self.samples[name].times(self.settings.clock)

    def against(self, key: str, ours: str, theirs: str) -> Row:
        if theirs not in self.samples:
            return Row(
                key=key,
                reason="sentence-transformers is not installed: pip install 'affectbench[sentence-transformers]'",
            )
        if ours not in self.samples:
            return Row(key=key, reason="not asked for")
        cosine = least_cosine(self.vectors[ours], self.vectors[theirs])
        speed = self.facts["texts"] / spread(self._times(ours)).value
        return measured(
            key,
            ratio(self._times(theirs), self._times(ours)),
            self.settings.rounds,
            detail=f"{self.facts['material']}: {speed:,.0f} texts/s; least cosine 1 − {1 - cosine:.0e}",
            facts={**self.facts, "ours": ours, "theirs": theirs, "least_cosine": cosine},
        )

    def peak(self, kernels: Sequence[str], operations: float) -> Row:
        if not set(kernels) <= set(self.samples):
            return Row(key="peak", reason="not asked for")
        rates = {name: operations / spread(self._times(name)).value for name in kernels}
        best = max(rates, key=lambda name: rates[name])
        ours = [self.facts["operations"] / seconds for seconds in self._times("ours")]
        limits = [operations / seconds for seconds in self._times(best)]
        reached, limit = spread(ours).value, spread(limits).value
        share = 100 * reached / limit
        turns = spread([100 * a / b for a, b in zip(ours, limits, strict=True)])
        return measured(
            "peak",
            Spread(share, min(turns.low, share), max(turns.high, share)),
            self.settings.rounds,
            detail=f"{reached / 1e9:,.0f} of {limit / 1e9:,.0f} GFLOP/s; threads: {self.settings.threads}",
            facts={**self.facts, "peak": rates},
        )

    def processes(self) -> Row:
        if "processes" not in self.samples:
            return Row(key="processes", reason="one thread is one process")
        # By the wall clock whatever was asked for: it is the wall clock that processes are for.
        return measured(
            "processes",
            ratio(self.samples["ours"].wall, self.samples["processes"].wall),
            self.settings.rounds,
            detail=f"{self.settings.threads} processes, started before",
            facts=self.facts,
        )


def least_cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The least cosine between rows that belong together, in float64."""
    import numpy as np

    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(wide_a, axis=1) * np.linalg.norm(wide_b, axis=1)
    return float(((wide_a * wide_b).sum(axis=1) / lengths).min())


def operations_of(shape: Shape, tokens: Sequence[int]) -> float:
    """Multiplications and additions of encoding texts of so many tokens: linear layers and attention, no more.

    A layer takes 2 (4 d² + 2 d f) a token for its products and 4 d n² for the attention of a text of n tokens.
    """
    d, f = shape.hidden, shape.intermediate
    products = 2 * (4 * d * d + 2 * d * f) * sum(tokens)
    return float(shape.layers * (products + 4 * d * sum(n * n for n in tokens)))


def sentence_transformer(encoder: TransformerEncoder, *, normalised: bool = True) -> Any:
    """The model as sentence-transformers loads it.

    Args:
        encoder: says where the checkpoint is.
        normalised: keep the last module, which divides vectors by their length.
    """
    from sentence_transformers import SentenceTransformer

    from harness.transformer.generic import without_progress_bar

    with without_progress_bar():
        model = SentenceTransformer(str(encoder.directory()), device="cpu", local_files_only=True)
        return model if normalised else SentenceTransformer(modules=list(model)[:2], device="cpu")


def _encoder(dtype: str) -> TransformerEncoder:
    encoder: Any = load_encoder(MODEL, device="cpu", dtype=dtype)
    found: TransformerEncoder = encoder
    return found


def _padded(encoder: TransformerEncoder, texts: Sequence[str]) -> Callable[[], NDArray[np.float32]]:
    """What is written without much thought: batches in the order of arrival, padded, mean over tokens."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from harness.transformer.generic import without_progress_bar

    with without_progress_bar():
        model = AutoModel.from_pretrained(encoder.directory(), local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(encoder.directory(), local_files_only=True)
    longest = encoder.effective_max_length()

    @torch.inference_mode()
    def encode() -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(texts), _PADDED_BATCH):
            batch = tokenizer(
                list(texts[start : start + _PADDED_BATCH]),
                padding=True,
                truncation=True,
                max_length=longest,
                return_tensors="pt",
            )
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"][:, :, None].float()
            parts.append((states * mask).sum(1) / mask.sum(1))
        vectors: NDArray[np.float32] = torch.cat(parts).numpy()
        return vectors

    return encode


def _parts(texts: Sequence[str], processes: int) -> list[list[str]]:
    """Texts by falling length, in eight parts a process."""
    ordered = sorted(texts, key=len, reverse=True)
    size = max(1, -(-len(ordered) // (8 * processes)))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
