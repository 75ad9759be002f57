"""The embedding cache: every text is encoded once, for as long as nothing that decides its vector changes.

Vectors lie in spaces. A space's name is a digest of all that decides a vector: fingerprint of weights and
tokeniser, pooling, cut-off, dtype, backend and the text's normal form. Within a space a text is found by a digest
of its bytes. A space is a directory of shards, each an `.npy` file of vectors and a `.json` index that is written
after it: a shard without index was never finished. A shard is named by all that it holds, so that several processes
may write into a space at once; it is checked when it is read first, and removed when damaged, so that its texts are
encoded again.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import memory
from harness.errors import StorageFault
from harness.files import PARTIAL, sha256_file, write_bytes, write_text
from harness.mapped import mapped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Version of the layout on disk.
LAYOUT = "v1"

#: What is done to a text before it is encoded: nothing. Part of every space's name.
NORMAL_FORM = "as-given"

_KEY_BYTES = 16
_ROW_BITS = 32


def text_key(text: str) -> bytes:
    """Digest of a text's bytes (16 bytes of BLAKE2b)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


def _stem(keys: bytes, checksum: str = "") -> str:
    """Name of a shard's files: a digest of its keys and of its vectors' checksum."""
    return hashlib.blake2b(keys + checksum.encode(), digest_size=12).hexdigest()


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
                facts = json.loads(description.read_bytes())
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(facts, dict) and facts.get("fingerprint") == fingerprint:
                self._spaces.pop(description.parent.name, None)
                shutil.rmtree(description.parent, ignore_errors=True)
                removed += 1
        return removed


class EmbeddingSpace:
    """Vectors of one encoder under one set of options."""

    def __init__(self, directory: Path, description: str, *, fresh: bool = False) -> None:
        self.directory = directory
        self.description = description
        #: Key of a text → number of its shard and, in the lower bits, its row: half the memory of a pair.
        self._place: dict[bytes, int] = {}
        self._shards: list[NDArray[np.float32]] = []
        self._writable = True
        #: Names of the indexes that were looked at, whether taken in or not.
        self._known: set[str] = set(self._indexes()) if fresh else set()
        if self._indexes():
            with suppress(StorageFault):
                self._describe()
        self.refresh()

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, text: str) -> bool:
        return text_key(text) in self._place

    def refresh(self) -> None:
        """Take in the shards that other processes finished since; without any, this lists a directory and no more."""
        for name in self._indexes():
            if name in self._known:
                continue
            self._known.add(name)
            index = self.directory / name
            try:
                shard = self._read_shard(index)
            except FileNotFoundError:  # removed since it was listed
                continue
            except OSError as error:
                self._warn(f"the cached embeddings in {index} cannot be read ({error}) and are computed again")
                continue
            if shard is not None:
                self._register(*shard)
                continue
            for file in (index, index.with_suffix(".npy")):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
            self._warn(f"the cached embeddings in {index.with_suffix('')} were damaged and are computed again")

    def _indexes(self) -> list[str]:
        """Names of the indexes of finished shards, in order."""
        try:
            names = [path.name for path in self.directory.iterdir()]
        except OSError:
            return []
        return sorted(name for name in names if name.endswith(".json") and not name.startswith(PARTIAL))

    @staticmethod
    def _warn(message: str) -> None:
        warnings.warn(message, stacklevel=4)

    def _read_shard(self, index: Path) -> tuple[list[bytes], NDArray[np.float32]] | None:
        """Keys and vectors of a shard; None for a damaged one.

        Raises:
            OSError: the index is gone, or a file cannot be read.
        """
        import numpy as np

        path, content = index.with_suffix(".npy"), index.read_bytes()
        try:
            facts = json.loads(content)
            checksum, raw = facts["sha256"], bytes.fromhex(facts["keys"])
            # Shards were once named by their keys alone; they are as good.
            if index.stem not in (_stem(raw, checksum), _stem(raw)) or checksum != sha256_file(path):
                return None
            vectors = mapped(path)
        except (FileNotFoundError, ValueError, KeyError, TypeError, EOFError, AttributeError, RecursionError):
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
            self._place.setdefault(key, shard << _ROW_BITS | row)

    def drop(self, texts: Iterable[str]) -> None:
        """Remove the shards that hold any of these texts from the disk, so that every process encodes them again."""
        unwanted = {text_key(text) for text in texts}
        for name in self._indexes():
            index = self.directory / name
            try:
                raw = bytes.fromhex(json.loads(index.read_bytes())["keys"])
            except (OSError, ValueError, KeyError, TypeError):  # `refresh` deals with it
                continue
            if unwanted.isdisjoint(raw[i : i + _KEY_BYTES] for i in range(0, len(raw), _KEY_BYTES)):
                continue
            for file in (index, index.with_suffix(".npy")):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
        self._place, self._shards, self._known = {}, [], set()
        self.refresh()

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
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, vectors, allow_pickle=False)
        content = buffer.getvalue()
        checksum = hashlib.sha256(content).hexdigest()
        # Two runs that encode the same texts write the same files, or files of their own if a bit differs.
        stem = self.directory / _stem(joined, checksum)
        path, index = stem.with_suffix(".npy"), stem.with_suffix(".json")
        self._describe()
        write_bytes(path, content, "the embedding cache")
        facts = {"rows": len(keys), "sha256": checksum, "keys": joined.hex()}
        write_text(index, json.dumps(facts), "the embedding cache")
        self._known.add(index.name)
        try:
            return mapped(path)
        except (OSError, ValueError) as error:
            raise StorageFault(f"the embedding cache at {path} cannot be read back ({error})") from error

    def _describe(self) -> None:
        """Say in the space's directory what its vectors were made by, for whoever looks for an encoder's."""
        path, content = self.directory / "space.txt", self.description + "\n"
        try:
            said = path.read_text("utf-8")
        except (OSError, ValueError):
            said = ""
        if said != content:
            write_text(path, content, "the embedding cache")

    def gather(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, row i for text i; repeats allowed.

        Returns:
            float32 (len(texts), d).

        Raises:
            KeyError: a text has no vector; call `missing` first.
        """
        import numpy as np

        places = np.fromiter((self._place[text_key(text)] for text in texts), np.int64, len(texts))
        shards, within = places >> _ROW_BITS, places & ((1 << _ROW_BITS) - 1)
        width = self._shards[0].shape[1] if self._shards else 0
        result: NDArray[np.float32] = memory.array((len(texts), width), np.float32)
        order = np.argsort(shards, kind="stable")
        bounds = np.searchsorted(shards[order], np.arange(len(self._shards) + 1))
        for shard, vectors in enumerate(self._shards):
            rows = order[bounds[shard] : bounds[shard + 1]]
            if len(rows):
                result[rows] = vectors[within[rows]]
        return result
