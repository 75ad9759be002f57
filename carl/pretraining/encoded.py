"""The corpus as token ids on the disk: written once, then read as memory maps.

A *piece* is a text, or a part of one that is longer than a row: `<s> ... </s>`, cut before a word where there is one.
Where a teacher is to be distilled, its token ids of the very same characters lie beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from carl.normal_form import text_hash
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.corpus import CorpusText, read_corpus
from carl.pretraining.vocabulary import SPECIAL, byte_strings
from carl.shards import shards
from harness.errors import DataInvalid
from harness.files import atomic_write, write_text
from harness.transformer.tokenization import encodable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

#: Raised when a change of this code changes what it writes.
_VERSION = 1

_TEXTS_AT_ONCE = 2000

#: Texts between two lines of progress.
_REPORT_EVERY = 100_000

_BEGIN, _END = SPECIAL.index("<s>"), SPECIAL.index("</s>")

#: File with the hashes of all texts, held-out ones included: sorted, 8 bytes each, big-endian.
HASHES = "text_hashes.u64"


@dataclass(frozen=True)
class Ragged:
    """Sequences of token ids behind one another."""

    flat: NDArray[np.uint16]
    starts: NDArray[np.int64]
    """(n + 1,): where each begins, and the end."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,)."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class EncodedCorpus:
    """A corpus in pieces."""

    pieces: Ragged
    teacher: Ragged | None
    """The same pieces in the teacher's vocabulary."""
    ratings: NDArray[np.float32]
    """(n,), 0 to 1, NaN where the text has none."""
    held_out: NDArray[np.bool_]
    """(n,)."""
    sources: dict[str, dict[str, int]]
    """Source → counts of `texts`, of them `held_out` and `rated`, and of `tokens`."""
    digest: str
    """Of everything that the content follows from."""
    rated_hashes: tuple[str, ...]
    """Hashes of the rated texts that are trained on, sorted, each once."""
    hashes_sha256: str
    """SHA-256 of the file of text hashes."""


def encode_corpus(
    directory: Path,
    config: PretrainingConfig,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    teacher: Tokenizer | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> EncodedCorpus:
    """Read what an earlier call with the same arguments wrote, or tokenise the corpus.

    Args:
        directory: of the corpus.
        config: choice of texts and length of rows.
        tokenizer: byte-level vocabulary.
        folder: where the files are written.
        teacher: the teacher's tokeniser.
        report: gets lines of progress.

    Raises:
        DataMissing: no texts.
        DataInvalid: a shard is damaged.
        StorageFault: the folder cannot be written.
    """
    digest = _digest(directory, config, tokenizer, teacher)
    described = folder / "corpus.json"
    if described.is_file():
        try:
            if json.loads(described.read_bytes())["digest"] == digest:
                return _read(folder, teacher is not None)
        except DataInvalid:
            raise
        except Exception as error:  # readers of archives raise many kinds, all of which mean the files
            report(f"the tokenised corpus in {folder} is damaged ({type(error).__name__}: {error}) and is made again")
    texts = read_corpus(directory, sources=config.sources, limit=config.texts, seed=config.seed)
    writer = _Writer(tokenizer, teacher, config.max_length)
    with (
        atomic_write(folder / "pieces.u16", "the tokenised corpus") as mine,
        atomic_write(folder / "teacher.u16", "the tokenised corpus") as others,
    ):
        done = 0
        while batch := list(islice(texts, _TEXTS_AT_ONCE)):
            writer.add(batch, mine, others)
            done += len(batch)
            if done % _REPORT_EVERY < _TEXTS_AT_ONCE:
                report(f"tokenised {done:,} texts, {sum(writer.lengths):,} tokens")
    if all(writer.held_out):
        raise DataInvalid(f"{directory}: all {done:,} texts are held out; more are needed")
    hashes = np.unique(np.array(writer.hashes, dtype=">u8")).tobytes()
    with atomic_write(folder / HASHES, "hashes of the texts") as file:
        file.write(hashes)
    with atomic_write(folder / "pieces.npz", "the tokenised corpus") as file:
        np.savez(
            file,
            lengths=np.array(writer.lengths, dtype=np.int64),
            teacher_lengths=np.array(writer.teacher_lengths, dtype=np.int64),
            ratings=np.array(writer.ratings, dtype=np.float32),
            held_out=np.array(writer.held_out, dtype=bool),
            rated_hashes=np.unique(np.array(writer.rated_hashes, dtype=np.uint64)),
        )
    content = {"digest": digest, "sources": writer.sources, "hashes_sha256": hashlib.sha256(hashes).hexdigest()}
    write_text(described, json.dumps(content, indent=2) + "\n", "the description of the tokenised corpus")
    return _read(folder, teacher is not None)


def cut(ids: Sequence[int], room: int, begins_word: Sequence[bool]) -> Iterator[Sequence[int]]:
    """Cut token ids into parts of at most `room`, before a word where one begins in the last quarter of a part.

    >>> begins = [token % 2 == 0 for token in range(10)]
    >>> [list(part) for part in cut([2, 1, 1, 4, 1, 6, 1], 4, begins)]
    [[2, 1, 1], [4, 1, 6, 1]]
    """
    start = 0
    while len(ids) - start > room:
        end = start + room
        earliest = end - room // 4
        while end >= earliest and not begins_word[ids[end]]:
            end -= 1
        if end < earliest:
            end = start + room
        yield ids[start:end]
        start = end
    if start < len(ids):
        yield ids[start:]


class _Writer:
    """Tokenises batches of texts and remembers what is known of each piece."""

    def __init__(self, tokenizer: Tokenizer, teacher: Tokenizer | None, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._teacher = teacher
        self._room = max_length - 2
        self._begins = [spelled[:1].isspace() for spelled in byte_strings(tokenizer)]
        self.lengths: list[int] = []
        self.teacher_lengths: list[int] = []
        self.ratings: list[float] = []
        self.held_out: list[bool] = []
        self.hashes: list[int] = []
        self.rated_hashes: list[int] = []
        self.sources: dict[str, dict[str, int]] = {}

    def add(self, texts: Sequence[CorpusText], mine: IO[bytes], others: IO[bytes]) -> None:
        self._tokenizer.encode_special_tokens = True  # "<s>" in a text is text
        encoded = self._tokenizer.encode_batch_fast([encodable(t.text) for t in texts], add_special_tokens=False)
        self._tokenizer.encode_special_tokens = False
        pieces: list[Sequence[int]] = []
        for text, encoding in zip(texts, encoded, strict=True):
            count = self.sources.setdefault(text.source, {"texts": 0, "held_out": 0, "rated": 0, "tokens": 0})
            held_out = text.held_out
            count["texts"] += 1
            count["held_out"] += held_out
            count["rated"] += text.rating is not None
            self.hashes.append(int(text_hash(text.text), 16))
            if text.rating is not None and not held_out:
                self.rated_hashes.append(self.hashes[-1])
            for part in cut(encoding.ids, self._room, self._begins):
                pieces.append(part)
                count["tokens"] += len(part) + 2
                self.lengths.append(len(part) + 2)
                self.ratings.append(float("nan") if text.rating is None else text.rating)
                self.held_out.append(held_out)
        flat = [token for part in pieces for token in (_BEGIN, *part, _END)]
        mine.write(np.array(flat, dtype="<u2").tobytes())
        if self._teacher is not None:
            spelled = self._tokenizer.decode_batch([list(part) for part in pieces], skip_special_tokens=False)
            rows = [row.ids for row in self._teacher.encode_batch_fast(spelled)]
            self.teacher_lengths.extend(map(len, rows))
            others.write(np.array([token for row in rows for token in row], dtype="<u2").tobytes())


def _read(folder: Path, teacher: bool) -> EncodedCorpus:
    described: dict[str, Any] = json.loads((folder / "corpus.json").read_text("utf-8"))
    # The reader of archives leaves a file open that it cannot read.
    with (folder / "pieces.npz").open("rb") as file, np.load(file) as known:
        columns = {name: known[name] for name in known.files}
    sizes = {len(columns[name]) for name in ("lengths", "ratings", "held_out")}
    if len(sizes) != 1 or not all(
        isinstance(count, int) for counts in described["sources"].values() for count in counts.values()
    ):
        raise ValueError("its description is another corpus's")
    return EncodedCorpus(
        pieces=_ragged(folder / "pieces.u16", columns["lengths"]),
        teacher=_ragged(folder / "teacher.u16", columns["teacher_lengths"]) if teacher else None,
        ratings=columns["ratings"],
        held_out=columns["held_out"],
        sources=described["sources"],
        digest=described["digest"],
        rated_hashes=tuple(f"{value:016x}" for value in columns["rated_hashes"].tolist()),
        hashes_sha256=described["hashes_sha256"],
    )


def _ragged(path: Path, lengths: NDArray[np.int64]) -> Ragged:
    flat = np.memmap(path, dtype="<u2", mode="r")
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if len(flat) != starts[-1]:
        raise DataInvalid(f"{path} holds {len(flat):,} tokens, {starts[-1]:,} are expected; remove its folder")
    return Ragged(flat, starts)


def _digest(directory: Path, config: PretrainingConfig, tokenizer: Tokenizer, teacher: Tokenizer | None) -> str:
    parts = [
        f"{_VERSION}",
        *(f"{file.name}:{file.stat().st_size}" for file in shards(directory)),
        f"{config.sources}:{config.texts}:{config.seed if config.texts else ''}:{config.max_length}",
        tokenizer.to_str(),
        teacher.to_str() if teacher is not None else "",
    ]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
