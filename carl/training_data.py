"""The texts of a run: tokenised, with labels, listed words and a teacher's vectors, in streams.

A batch holds a fixed number of texts from each stream, drawn anew in every pass over it. Its rows are a function of the
seed and the batch's number, so that a resumed run reads on where it stopped.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from carl.config import Config
from carl.networks import Tokens
from carl.objective import Batch
from carl.sources import LabelSource
from harness.errors import DataMissing, UsageError

_WORD = re.compile(r"[a-z']+|[^\w\s]{2,}")

#: The word list of `lambda_words` below the data directory (Hutto and Gilbert 2014, MIT licence).
LEXICON = "lexicons/vader/vader_lexicon.txt"


@dataclass(frozen=True)
class Stream:
    """Texts of one kind, of which every batch holds equally many."""

    rows: NDArray[np.int64]
    """Places in the training data."""
    share: int
    """Texts of it in a batch."""

    def batch(self, number: int, *seed: int) -> NDArray[np.int64]:
        """Rows of the batch with a number, from 0."""
        places = np.arange(number * self.share, (number + 1) * self.share)
        passes, inside = np.divmod(places, len(self.rows))
        orders = {
            int(once): np.random.default_rng((*seed, int(once))).permutation(self.rows) for once in np.unique(passes)
        }
        return np.array([orders[int(once)][place] for once, place in zip(passes, inside, strict=True)], dtype=np.int64)


def batch_rows(streams: Sequence[Stream], number: int, seed: int) -> NDArray[np.int64]:
    """Rows of the batch with a number, stream by stream.

    >>> streams = [Stream(np.arange(4), 2), Stream(np.arange(10, 13), 1)]
    >>> [len(batch_rows(streams, number, seed=0)) for number in range(3)]
    [3, 3, 3]
    """
    return np.concatenate([stream.batch(number, seed, place) for place, stream in enumerate(streams)])


def groups_by_length(lengths: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Places of a batch in groups of similar length, the longest first, so that little is padded.

    >>> [group.tolist() for group in groups_by_length(np.array([3, 9, 4, 8]), 2)]
    [[1, 3], [2, 0]]
    """
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def pad(items: Sequence[NDArray[np.int32]], padding: int, special: frozenset[int]) -> Tokens:
    """Tokens of some texts (tokens,), padded to the longest.

    Args:
        items: token ids of each text.
        padding: id of the padding token.
        special: ids that are no words.
    """
    width = max(map(len, items))
    ids = np.full((len(items), width), padding, dtype=np.int64)
    mask = np.zeros((len(items), width), dtype=np.int64)
    for place, item in enumerate(items):
        ids[place, : len(item)] = item
        mask[place, : len(item)] = 1
    return Tokens(
        torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(np.isin(ids, list(special)) | (mask == 0))
    )


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on."""

    sources: tuple[LabelSource, ...]
    items: Sequence[NDArray[np.int32]]
    """Token ids of every text (tokens,), special tokens included."""
    labels: NDArray[np.float32]
    """(n, 3): valence, arousal and dominance in [−1, 1], NaN where there is none."""
    streams: tuple[Stream, ...]
    padding: int
    special: frozenset[int]
    words: Sequence[NDArray[np.int64]] | None = None
    """Places in the word list of the words that each text has."""
    listed: int = 0
    """Words in the list."""
    teacher: NDArray[np.float32] | None = None
    """(n, d), the teacher's vectors, centred."""

    def batch(self, number: int, config: Config, device: torch.device) -> Batch:
        """The batch with a number, its texts in groups of similar length."""
        rows = batch_rows(self.streams, number, config.seed)
        groups = groups_by_length(np.array([len(self.items[row]) for row in rows]), config.group)
        rows = rows[np.concatenate(groups)]
        ends = np.cumsum([len(group) for group in groups])
        tokens = [
            pad([self.items[row] for row in part], self.padding, self.special).to(device)
            for part in np.split(rows, ends[:-1])
        ]
        words = None
        if self.words is not None:
            words = torch.zeros(len(rows), self.listed)
            for place, row in enumerate(rows):
                if len(found := self.words[row]):
                    words[place, torch.from_numpy(found)] = 1 / len(found)
            words = words.to(device)
        teacher = None if self.teacher is None else torch.from_numpy(self.teacher[rows]).to(device)
        return Batch(tuple(tokens), torch.from_numpy(self.labels[rows]).to(device), words, teacher)

    @property
    def frequencies(self) -> torch.Tensor | None:
        """Logarithms of the listed words' shares (k,), None without a list."""
        if self.words is None:
            return None
        counts = np.bincount(np.concatenate(self.words), minlength=self.listed) + 0.5
        return torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32))

    @property
    def digest(self) -> str:
        """Of texts and labels: with the same one and the same configuration a run is the same."""
        digest = hashlib.blake2b(self.labels.tobytes(), digest_size=16)
        for item in self.items:
            digest.update(len(item).to_bytes(4, "little") + item.tobytes())
        for words in self.words or ():
            digest.update(len(words).to_bytes(4, "little") + words.tobytes())
        if self.teacher is not None:
            digest.update(np.ascontiguousarray(self.teacher).tobytes())
        return digest.hexdigest()


def training_data(
    config: Config,
    sources: Sequence[LabelSource],
    tokenizer: Any,
    *,
    data_dir: Path | None = None,
    teach: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
) -> TrainingData:
    """Tokenise the texts of a run and lay them out in streams.

    Args:
        config: lengths and the mixture.
        sources: texts, with labels or without.
        tokenizer: of `AutoTokenizer`.
        data_dir: holds the word list, for `lambda_words`.
        teach: gives the teacher's vectors (n, d) of texts.

    Raises:
        UsageError: fewer than two labelled texts, or a stream that the mixture asks for is empty.
        DataMissing: the word list is not there.
    """
    texts = [text for source in sources for text in source.texts]
    labels = np.concatenate([source.labels for source in sources])
    labels[:, 2] = np.nan  # the paper compares valence and arousal alone
    kinds = np.concatenate([np.full(len(source), source.kind) for source in sources])
    items = tokenized(tokenizer, texts, config.max_length)
    words = listed = None
    if config.lambda_words:
        lexicon = read_words(data_dir)
        words, listed = [words_of(text, lexicon) for text in texts], len(lexicon)
    teacher = None
    if teach is not None:
        teacher = teach(texts)
        teacher = (teacher - teacher.mean(axis=0)).astype(np.float32)
    return TrainingData(
        tuple(sources),
        items,
        labels,
        _streams(config, kinds, labels),
        int(tokenizer.pad_token_id),
        frozenset(tokenizer.all_special_ids),
        words,
        listed or 0,
        teacher,
    )


def _streams(config: Config, kinds: NDArray[np.str_], labels: NDArray[np.float32]) -> tuple[Stream, ...]:
    if not any(config.mixture):
        rows = np.flatnonzero(~np.isnan(labels[:, 0]))
        if len(rows) < 2:
            raise UsageError(f"there are {len(rows)} labelled texts; at least two are compared with each other")
        return (Stream(rows, min(config.batch, len(rows))),)
    streams = []
    for kind, share in zip(("human", "rated", "unlabelled"), config.mixture, strict=True):
        rows = np.flatnonzero(kinds == kind)
        if share and not len(rows):
            raise UsageError(f"the mixture asks for {share} {kind} texts in a batch and there are none: see `sources`")
        if share:
            streams.append(Stream(rows, share))
    return tuple(streams)


def tokenized(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[NDArray[np.int32]]:
    """Token ids of each text (tokens,), special tokens included, at most `max_length`."""
    found = tokenizer(list(texts), truncation=True, max_length=max_length, padding=False)["input_ids"]
    return [np.array(ids, dtype=np.int32) for ids in found]


def read_words(data_dir: Path | None) -> dict[str, int]:
    """The words of the VADER lexicon, in its order, numbered.

    Raises:
        DataMissing: it is not below the data directory.
    """
    path = None if data_dir is None else data_dir / LEXICON
    if path is None or not path.is_file():
        raise DataMissing(f"lambda_words needs {LEXICON} below --data-dir (github.com/cjhutto/vaderSentiment)")
    words = [line.split("\t")[0].lower() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {word: place for place, word in enumerate(dict.fromkeys(words))}


def words_of(text: str, lexicon: dict[str, int]) -> NDArray[np.int64]:
    """Places of the listed words that a text has, each once.

    >>> words_of("What a GOOD, good day :)", {"good": 0, "bad": 1, ":)": 2}).tolist()
    [0, 2]
    """
    return np.array(sorted({lexicon[word] for word in _WORD.findall(text.lower()) if word in lexicon}), dtype=np.int64)
