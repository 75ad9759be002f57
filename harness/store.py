"""The embedding cache: (fingerprint, text) → vector, so that every text is encoded once.

Vectors lie in spaces. A space's name is a digest of everything that decides a vector: fingerprint of weights and
tokeniser, pooling, cut-off, dtype, backend, device. Within a space a text is found by a digest of its bytes. A space
is a directory of shards: safetensors files with keys (n, 16) and vectors (n, d). A shard's file name is a digest of
the space's name and of its own content, so that a damaged shard, or one copied from another model, is recognised; it
is removed with a warning and its texts are encoded again. Several processes may write into a space at once.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from harness.errors import StorageFault
from harness.files import write_bytes, write_text

#: Version of the layout on disk.
LAYOUT = "v2"

_KEY_BYTES = 16
#: What the encoder said of itself once its weights were loaded.
_DESCRIPTION = "encoder.json"


def text_key(text: str) -> bytes:
    """Digest of a text's bytes (16 bytes of BLAKE2b)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def open_space(cache_dir: Path, facts: Mapping[str, Any], *, fresh: bool = False) -> EmbeddingSpace:
    """The space of vectors made under `facts`, below `embeddings/v2/` of a cache directory.

    Args:
        cache_dir: the cache.
        facts: everything that decides a vector, with the encoder's `fingerprint`; JSON-able, in any order.
        fresh: do not read what earlier runs stored; new vectors are still written.
    """
    fingerprint = _digest(str(facts.get("fingerprint")).encode())
    name = f"{fingerprint}-{_digest(json.dumps(facts, sort_keys=True).encode())}"
    return EmbeddingSpace(cache_dir / "embeddings" / LAYOUT / name, fresh=fresh)


class EmbeddingSpace:
    """Vectors of one encoder under one set of options. Memory holds only keys; vectors are read by `gather`."""

    def __init__(self, directory: Path, *, fresh: bool = False) -> None:
        self.directory = directory
        self._rows: dict[bytes, tuple[int, int]] = {}
        self._shards: list[Path] = []
        self._known = {path.name for path in self._files()} if fresh else set()
        self._description: dict[str, Any] = {}
        self.refresh()

    @property
    def description(self) -> dict[str, Any]:
        """What the encoder said of itself when it made these vectors; empty when nothing was stored."""
        if not self._description:
            with suppress(OSError, ValueError, TypeError, RecursionError):
                self._description = {**json.loads((self.directory / _DESCRIPTION).read_bytes())}
        return self._description

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Keep what an encoder says of itself, so that records are equal whether vectors are new or cached."""
        facts = json.loads(json.dumps(facts))
        if facts != self.description:
            self._description = dict(facts)
            with suppress(StorageFault):
                write_text(self.directory / _DESCRIPTION, json.dumps(facts) + "\n", "the embedding cache")

    def refresh(self) -> None:
        """Take in the shards that other processes finished since the last look."""
        for path in self._files():
            if path.name in self._known:
                continue
            self._known.add(path.name)
            try:
                keys, _ = self._read(path)
            except (OSError, ValueError, SafetensorError) as error:
                warnings.warn(f"{path} is damaged ({error}); its embeddings are computed again", stacklevel=3)
                if not isinstance(error, OSError):  # which may pass
                    path.unlink(missing_ok=True)
            else:
                self._register(keys, path)

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob("[!.]*.safetensors"))

    def _name(self, content: bytes) -> str:
        return _digest(self.directory.name.encode() + content)

    def _read(self, path: Path) -> tuple[list[bytes], NDArray[np.float32]]:
        """Keys and vectors of a shard; OSError where it cannot be read, ValueError or SafetensorError where damaged."""
        content = path.read_bytes()
        if path.stem != self._name(content):
            raise ValueError("the file's name does not fit its content")
        tensors = load(content)
        return [row.tobytes() for row in tensors["keys"]], tensors["vectors"]

    def _register(self, keys: Iterable[bytes], shard: Path) -> None:
        for row, key in enumerate(keys):
            self._rows.setdefault(key, (len(self._shards), row))
        self._shards.append(shard)

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Distinct texts that have no vector yet, in the order of first appearance."""
        return [text for text in dict.fromkeys(texts) if text_key(text) not in self._rows]

    def add(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store vectors, whole or not at all.

        Args:
            texts: distinct texts.
            vectors: float32 (len(texts), d), finite.

        Raises:
            StorageFault: the cache cannot be written.
        """
        keys = [text_key(text) for text in texts]
        packed = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, _KEY_BYTES)
        content = save({"keys": packed, "vectors": np.ascontiguousarray(vectors, dtype=np.float32)})
        path = self.directory / f"{self._name(content)}.safetensors"
        write_bytes(path, content, "the embedding cache (--cache-dir)")
        self._known.add(path.name)
        self._register(keys, path)

    def gather(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, float32 (len(texts), d), row i for text i; repeats allowed.

        Raises:
            KeyError: a text has no vector; call `missing` first.
            StorageFault: a shard was damaged or removed since it was taken in.
        """
        places = np.array([self._rows[text_key(text)] for text in texts], dtype=np.int64).reshape(-1, 2)
        result = np.empty((len(texts), 0), np.float32)
        for number in np.unique(places[:, 0]):
            path = self._shards[number]
            try:
                vectors = self._read(path)[1]
            except (OSError, ValueError, SafetensorError) as error:
                raise StorageFault(f"{path} was damaged or removed during the run ({error}); run again") from error
            if not result.shape[1]:
                result = np.empty((len(texts), vectors.shape[1]), np.float32)
            rows = places[:, 0] == number
            result[rows] = vectors[places[rows, 1]]
        return result
