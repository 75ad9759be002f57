"""Our encoders in the SentEval toolkit, and models of other libraries here.

    from harness.interop import SentEvalAdapter, as_encoder

    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    engine = senteval.engine.SE(params, adapter.batcher, adapter.prepare)   # our encoder in the official toolkit
    engine.eval(["MR", "CR", "SST5"])
    harness.run(SentenceTransformer("org/model"), "paper")         # their model here; `as_encoder` sets name and card

None of the neighbours is imported before it is needed, and none is needed for anything else.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoder import Encoder, EncoderCard, as_float32, encode_checked
from harness.errors import EncoderFault, UsageError


class SentEvalAdapter:
    """The two functions that the SentEval toolkit (facebookresearch/SentEval) wants, over one encoder.

    Our protocol `senteval-compat` is the configuration that its README calls comparable (`usepytorch=True`, Adam),
    `senteval-lr` its scikit-learn mode. As published the toolkit runs on Python up to 3.10.

    Args:
        encoder: any encoder; it is asked batch by batch and caches nothing.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def prepare(self, params: Any, samples: Sequence[Sequence[str]]) -> None:
        """Do nothing: a frozen encoder learns no vocabulary from the samples."""

    def batcher(self, params: Any, batch: Sequence[Sequence[str] | str]) -> NDArray[np.float32]:
        """Encode token lists, joined with blanks, or strings as they are: float32 (len(batch), dimensions).

        Empty sentences are encoded as the empty text, as by our own tasks; the toolkit's examples take a full stop.
        """
        return encode_checked(self.encoder, [text if isinstance(text, str) else " ".join(text) for text in batch])


class ForeignEncoder:
    """A model of another library behind this one's contract: `as_encoder(model, name="mine")`.

    It has no fingerprint of its own: the harness derives one from the card and from the vectors of a few sentences, so
    that other weights under the same name are noticed.

    Args:
        model: an object with `encode(texts)`, as in sentence-transformers.
        name: how records call it; no blanks, no commas. By default the last part of its hub id or directory.
        training_data: names of the sets that trained it; None is not declared, and is marked unknown.
        options: passed on to the model's `encode` (`normalize_embeddings=True`, `prompt_name=…`); they belong to
            what is measured, so give models that differ in them different names.

    Raises:
        UsageError: the object has no `encode`, or the card takes no such value.
    """

    def __init__(
        self, model: Any, *, name: str = "", training_data: Sequence[str] | None = None, **options: Any
    ) -> None:
        if not callable(getattr(model, "encode", None)):
            raise UsageError(f"{type(model).__name__} has no method `encode`: it cannot be presented as an encoder")
        if not name:
            loaded = getattr(model, "transformers_model", None)  # of a SentenceTransformer
            name = Path(getattr(loaded, "name_or_path", "") or type(model).__name__).name
        self.model, self.options = model, options
        self._kind = f"{type(model).__module__}.{type(model).__qualname__}"
        seen = None if training_data is None else tuple(training_data)
        try:
            self.card = EncoderCard(
                name=name, family="other", training_data=seen, notes=f"a {self._kind} object, wrapped"
            )
        except ValueError as error:
            raise UsageError(f"no card can be made of these arguments: {error}") from error

    def describe(self) -> dict[str, Any]:
        """Facts for the record."""
        options = {option: repr(value) for option, value in sorted(self.options.items())}
        return {"backend": self._kind, "dtype": "float32", "encode_options": options}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder`.

        Raises:
            EncoderFault: what the model gives are no vectors.
        """
        if not texts:
            return self.encode([""])[:0]  # of an empty list many libraries give an array of no width
        try:
            return as_float32(self.model.encode(list(texts), **self.options))
        except (TypeError, ValueError) as error:
            raise EncoderFault(f"{self.card.name}.encode gave no matrix of numbers: {error}") from error


as_encoder = ForeignEncoder
