"""The embedding cache: every text is encoded once, for as long as nothing that decides its vector changes.

Vectors lie in spaces. A space's name is a digest of all that decides a vector: fingerprint of weights and
tokeniser, pooling, cut-off, dtype, backend and the text's normal form. Within a space a text is found by a digest
of its bytes. A space is a directory of shards, each an `.npy` file of vectors and a `.json` index that is written
after it: a shard without index was never finished. Shards carry a checksum, are checked when a space is opened,
and are removed when damaged, so that their texts are encoded again.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StorageFault
from harness.files import PARTIAL, sha256_file, write_bytes, write_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Version of the layout on disk.
LAYOUT = "v1"

#: What is done to a text before it is encoded: nothing. Part of every space's name.
NORMAL_FORM = "as-given"

_KEY_BYTES = 16


def text_key(text: str) -> bytes:
    """Digest of a text's bytes (16 bytes of BLAKE2b)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


class EmbeddingStore:
    """All spaces below one cache directory.

    Args:
        directory: the cache directory; spaces lie in `embeddings/v1/`.
        fresh: leave what earlier runs stored unread; new vectors are still written.
    """

    def __init__(self, directory: Path, *, fresh: bool = False) -> None:
        self.directory = directory / "embeddings" / LAYOUT
        self.fresh = fresh
        self._spaces: dict[str, EmbeddingSpace] = {}

    def space(self, facts: Mapping[str, Any]) -> EmbeddingSpace:
        """The space of vectors made under `facts`.

        Args:
            facts: everything that decides a vector; JSON-able. Order does not matter.
        """
        canonical = json.dumps({**facts, "normal_form": NORMAL_FORM}, sort_keys=True)
        name = hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()
        if name not in self._spaces:
            self._spaces[name] = EmbeddingSpace(self.directory / name, canonical, fresh=self.fresh)
        return self._spaces[name]

    def forget(self, fingerprint: str) -> int:
        """Remove all vectors of an encoder from the disk, for encoders that are needed once.

        Args:
            fingerprint: what the encoder's spaces were made with.

        Returns:
            How many spaces were removed.
        """
        removed = 0
        for description in self.directory.glob("*/space.txt"):
            try:
                facts = json.loads(description.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            if facts.get("fingerprint") == fingerprint:
                self._spaces.pop(description.parent.name, None)
                shutil.rmtree(description.parent, ignore_errors=True)
                removed += 1
        return removed


class EmbeddingSpace:
    """Vectors of one encoder under one set of options."""

    def __init__(self, directory: Path, description: str, *, fresh: bool = False) -> None:
        self.directory = directory
        self.description = description
        self._place: dict[bytes, tuple[int, int]] = {}
        self._shards: list[NDArray[np.float32]] = []
        self._writable = True
        if not fresh:
            self._open()

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, text: str) -> bool:
        return text_key(text) in self._place

    def _open(self) -> None:
        if not self.directory.is_dir():
            return
        for index in sorted(self.directory.glob("*.json")):
            if index.name.startswith((PARTIAL, "space.")):
                continue
            shard = self._read_shard(index)
            if shard is None:
                for file in (index, index.with_suffix(".npy")):
                    try:
                        file.unlink(missing_ok=True)
                    except OSError:
                        continue
                warnings.warn(
                    f"the cached embeddings in {index.with_suffix('')} were damaged and are computed again",
                    stacklevel=2,
                )
                continue
            keys, vectors = shard
            self._register(keys, vectors)

    def _read_shard(self, index: Path) -> tuple[list[bytes], NDArray[np.float32]] | None:
        import numpy as np

        path = index.with_suffix(".npy")
        try:
            facts = json.loads(index.read_text("utf-8"))
            if facts["sha256"] != sha256_file(path):
                return None
            raw = bytes.fromhex(facts["keys"])
            vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        keys = [raw[i : i + _KEY_BYTES] for i in range(0, len(raw), _KEY_BYTES)]
        if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) != len(keys):
            return None
        if self._shards and vectors.shape[1] != self._shards[0].shape[1]:
            return None
        return keys, vectors

    def _register(self, keys: Iterable[bytes], vectors: NDArray[np.float32]) -> None:
        shard = len(self._shards)
        self._shards.append(vectors)
        for row, key in enumerate(keys):
            self._place.setdefault(key, (shard, row))

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Distinct texts that have no vector yet, in the order of first appearance."""
        return [text for text in dict.fromkeys(texts) if text_key(text) not in self._place]

    def add(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store vectors: on disk, whole or not at all; in memory alone where the cache cannot be written.

        Args:
            texts: distinct texts.
            vectors: float32 (len(texts), d), finite; the caller checked them.
        """
        import numpy as np

        keys = [text_key(text) for text in texts]
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if self._writable:
            try:
                # Read back as a memory map: however much is encoded, memory holds one shard.
                vectors = self._write(keys, vectors)
            except StorageFault as error:
                self._writable = False
                warnings.warn(
                    f"{error}. The run goes on with embeddings in memory; nothing of them is kept for the next run",
                    stacklevel=2,
                )
        self._register(keys, vectors)

    def _write(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        joined = b"".join(keys)
        # Named by content: two runs that encode the same texts write the same file.
        stem = self.directory / hashlib.blake2b(joined, digest_size=12).hexdigest()
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, vectors, allow_pickle=False)
        content = buffer.getvalue()
        description = self.directory / "space.txt"
        if not description.is_file():
            write_text(description, self.description + "\n", "the embedding cache")
        write_bytes(stem.with_suffix(".npy"), content, "the embedding cache")
        facts = {"rows": len(keys), "sha256": hashlib.sha256(content).hexdigest(), "keys": joined.hex()}
        write_text(stem.with_suffix(".json"), json.dumps(facts), "the embedding cache")
        mapped: NDArray[np.float32] = np.load(stem.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        return mapped

    def gather(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, row i for text i; repeats allowed.

        Returns:
            float32 (len(texts), d).

        Raises:
            KeyError: a text has no vector; call `missing` first.
        """
        import numpy as np

        places = np.array([self._place[text_key(text)] for text in texts], dtype=np.int64).reshape(-1, 2)
        width = self._shards[0].shape[1] if self._shards else 0
        result = np.empty((len(texts), width), dtype=np.float32)
        order = np.argsort(places[:, 0], kind="stable")
        bounds = np.searchsorted(places[order, 0], np.arange(len(self._shards) + 1))
        for shard, vectors in enumerate(self._shards):
            rows = order[bounds[shard] : bounds[shard + 1]]
            if len(rows):
                result[rows] = vectors[places[rows, 1]]
        return result
