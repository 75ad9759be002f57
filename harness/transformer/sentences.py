"""Models of the sentence-transformers library, with their own pooling and normalisation."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import BenchError, ExtraMissing, UsageError, WeightsInvalid
from harness.files import sha256_file
from harness.transformer.devices import batch_tokens, choose, halving
from harness.transformer.encoder import ENCODING_VERSION
from harness.transformer.hub import hub_card
from harness.transformer.loaded import DTYPES
from harness.transformer.safety import check_directory
from harness.transformer.snapshot import deciding_files, find_directory, hub_id_of
from harness.transformer.tokenization import encodable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SentenceTransformerEncoder:
    """A model of the sentence-transformers library, from the hub or a directory.

    Args:
        model: hub id or directory.
        weights_dir: directory of the model, in place of the hub.
        max_length: tokens after which a text is cut; the model's own by default.
        device: see `TransformerEncoder`, as are `dtype` and `batch_tokens`.
        trust_remote_code: let the model's own Python code run; never without.

    Raises:
        UsageError: neither a directory nor a hub id, or an unknown dtype.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights_dir: str | Path | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str | None = None,
        batch_tokens: int | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.card = hub_card(str(model), "st")
        local = Path(model).is_dir()
        self.weights_dir = Path(weights_dir or model) if weights_dir or local else None
        self.hub = None if local else hub_id_of(str(model))
        self.max_length = max_length
        self.device = device
        self.dtype = dtype or "float32"
        if self.dtype not in DTYPES:
            raise UsageError(f"unknown dtype {self.dtype!r}; there are {', '.join(DTYPES)}")
        self.batch_tokens = batch_tokens
        self.trust_remote_code = trust_remote_code
        self._model: Any = None
        self._fingerprint: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the weights out: a worker process reads them itself."""
        return {**self.__dict__, "_model": None}

    def directory(self, *, fetch: bool = True) -> Path:
        """The model's directory.

        Raises:
            WeightsMissing: it is nowhere.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        option = f"pass `--weights-dir {self.card.name}=DIR`"
        return find_directory(str(self.hub), option, may_fetch=fetch, code=self.trust_remote_code)

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the model where it is not on this machine; see `TransformerEncoder.fetch`."""
        return self.directory()

    def availability(self) -> tuple[str, str]:
        """Whether encoding would work now, without reading weights or asking the network."""
        try:
            _require_package()
            self.directory(fetch=False)
        except BenchError as error:
            return error.status, str(error)
        return "ready", ""

    @property
    def fingerprint(self) -> str:
        """Content digest of the model's files and the library's version (hexadecimal)."""
        if self._fingerprint is None:
            from importlib.metadata import version

            _require_package()
            directory = self.directory()
            digest = hashlib.blake2b(f"sentence-transformers:{ENCODING_VERSION}".encode(), digest_size=16)
            digest.update(version("sentence-transformers").encode())
            for path in deciding_files(directory):
                digest.update(f"\n{path.relative_to(directory)}:{sha256_file(path)}".encode())
            self._fingerprint = digest.hexdigest()
        return self._fingerprint

    def training_text_hashes(self) -> frozenset[str] | None:
        """Hashes of the texts that the model says it was trained on; see `TransformerEncoder.training_text_hashes`."""
        from harness.transformer.training_texts import read_training_texts

        return read_training_texts(self.directory(fetch=False))

    def describe(self) -> dict[str, Any]:
        """What a result record says of how the vectors were made."""
        model = self.load()
        return {
            "pooling": "its own",
            "max_length": model.max_seq_length,
            "dtype": self.dtype,
            "backend": "sentence-transformers",
            "device": choose(self.device),
            "dimensions": self._dimensions(),
            "parameters": sum(tensor.numel() for tensor in model.parameters()),
        }

    def load(self) -> Any:
        """Read the model once; later calls return the same.

        Raises:
            ExtraMissing: the library is not installed.
            WeightsMissing: the model is nowhere.
            WeightsInvalid: the library cannot read it.
        """
        if self._model is None:
            _require_package()
            import torch
            from sentence_transformers import SentenceTransformer

            from harness.transformer.generic import without_progress_bar

            directory = self.directory()
            check_directory(directory, trust_remote_code=self.trust_remote_code)
            try:
                with without_progress_bar():
                    model = SentenceTransformer(
                        str(directory),
                        device=choose(self.device),
                        local_files_only=True,
                        trust_remote_code=self.trust_remote_code,
                    )
            except Exception as error:  # the library raises many kinds, all of which mean the files
                reason = (str(error).strip().splitlines() or [""])[0][:200]
                raise WeightsInvalid(
                    f"{directory}: sentence-transformers cannot load it ({type(error).__name__}: {reason})"
                ) from error
            if self.max_length is not None:
                model.max_seq_length = min(self.max_length, model.max_seq_length or self.max_length)
            self._model = model.to(getattr(torch, self.dtype)).eval()
        return self._model

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`. Repeated texts are computed once."""
        import numpy as np

        model = self.load()
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.empty((0, self._dimensions()), np.float32)
        budget = self.batch_tokens or batch_tokens(self.device, 16 * self._dimensions() * 4)
        sentences = [encodable(text) for text in distinct]
        vectors = halving(
            lambda size: model.encode(sentences, batch_size=size, show_progress_bar=False, convert_to_numpy=True),
            max(1, budget // (model.max_seq_length or 512)),
            least=1,
        )
        row = {text: i for i, text in enumerate(distinct)}
        return np.asarray(vectors, dtype=np.float32)[[row[text] for text in texts]]

    def _dimensions(self) -> int:
        model = self.load()
        # Renamed in version 6 of the library.
        dimensions = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        return int(dimensions())


def _require_package() -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ExtraMissing(
            "`st:` models need the library sentence-transformers: pip install 'affectbench[sentence-transformers]'"
        )
