"""The polarity of a word in its sentence, as SentiLARE's authors derive it from SentiWordNet.

Each sense k of a word, with gloss vector e, in a sentence with vector q, gets a weight proportional to
exp((cos(e, q) + 1) / (2k)); the word's score is the weighted mean of (positive - negative), and its polarity the
score's sign (`process_text` of `preprocess/prep_sent.py`, thu-coai/SentiLARE; Ke et al. 2020, equations 1 and 2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Vectors of sentences or glosses, float (n, d).
SentenceVectors = Callable[[Sequence[str]], "NDArray[np.float32]"]

NEGATIVE, POSITIVE, NEUTRAL = 0, 1, 2

#: No word has as many; the file's own ranks end below a hundred.
_MOST_SENSES = 10_000


@dataclass(frozen=True)
class Senses:
    """What SentiWordNet says of one lemma and part of speech, in the file's order."""

    ranks: NDArray[np.float64]
    """Sense numbers, from 1 (senses,)."""
    scores: NDArray[np.float64]
    """Positive minus negative score, in [-1, 1] (senses,)."""
    entries: NDArray[np.int64]
    """Number of each sense's entry (senses,)."""


class SentiWordNet:
    """SentiWordNet 3.0, read from its published file.

    Args:
        path: `SentiWordNet_3.0.0.txt`. Lines that begin with `#`, at its head and end, are comments.

    Raises:
        DataInvalid: the file is not there or a line does not have SentiWordNet's columns; names file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.glosses: list[str] = []
        senses: dict[tuple[str, str], list[tuple[int, float, int]]] = {}
        try:
            lines = path.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataInvalid(
                f"{path} cannot be read as SentiWordNet ({error}); fetch it again (github.com/aesuli/SentiWordNet)"
            ) from error
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            try:
                part, _, positive, negative, terms, gloss = line.strip().split("\t")
                shares = float(positive), float(negative)
                ranks = [(word, int(rank)) for word, _, rank in (term.partition("#") for term in terms.split(" "))]
                if not all(0 <= share <= 1 for share in shares) or not all(
                    1 <= rank <= _MOST_SENSES for _, rank in ranks
                ):
                    raise ValueError("no scores, or no numbers of senses")
            except ValueError as error:
                raise DataInvalid(
                    f"{path}, line {number}: not a line of SentiWordNet 3.0 (part of speech, id, positive, negative, "
                    f"word#sense ..., gloss, separated by tabs): {line[:60]!r}; fetch it again "
                    "(github.com/aesuli/SentiWordNet)"
                ) from error
            for word, rank in ranks:
                senses.setdefault((word, part), []).append((rank, shares[0] - shares[1], len(self.glosses)))
            # Cut at the first example, with the two characters before its quotation mark, as the authors do.
            quoted = gloss.find('"')
            self.glosses.append(gloss if quoted < 0 else gloss[: quoted - 2])
        if not senses:
            raise DataInvalid(f"{path} holds no entry of SentiWordNet; fetch it again (github.com/aesuli/SentiWordNet)")
        self._senses = {
            key: Senses(*(np.array(column) for column in zip(*rows, strict=True))) for key, rows in senses.items()
        }

    def senses(self, lemma: str, part: str) -> Senses | None:
        """The senses of a lemma; None when it has none for that part of speech (`v`, `a`, `r` or `n`)."""
        return self._senses.get((lemma, part))


def read_gloss_vectors(path: Path) -> NDArray[np.float32]:
    """The authors' vectors of the glosses, as a map of the file.

    Raises:
        DataInvalid: it holds no array.
    """
    try:
        found: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # the reader of arrays raises many kinds, all of which mean the file
        raise DataInvalid(
            f"{path} holds no array ({type(error).__name__}: {error}); remove it, and the glosses are encoded"
        ) from error
    if not isinstance(found, np.ndarray):
        raise DataInvalid(f"{path} holds several arrays; remove it, and the glosses are encoded")
    return found


class PolarityRule:
    """Polarities of the words of a sentence.

    Args:
        lexicon: SentiWordNet.
        vectors: encodes sentences, and glosses unless `gloss_vectors` is given. Called only for sentences that have
            a word with several senses.
        gloss_vectors: vector of each entry's gloss (entries, d), e.g. the authors' `gloss_embedding.npy`; by default
            the glosses that are needed are encoded, each once.

    Raises:
        DataInvalid: `gloss_vectors` is no matrix of numbers with a row for each entry of the lexicon.
    """

    def __init__(
        self,
        lexicon: SentiWordNet,
        vectors: SentenceVectors,
        gloss_vectors: NDArray[np.float32] | None = None,
    ) -> None:
        if gloss_vectors is not None:
            if gloss_vectors.ndim != 2 or not gloss_vectors.shape[1] or gloss_vectors.dtype.kind != "f":
                raise DataInvalid(
                    f"the gloss vectors beside {lexicon.path} are {gloss_vectors.dtype}, shape {gloss_vectors.shape}: "
                    "no matrix of floating-point numbers; remove them, and the glosses are encoded"
                )
            if len(gloss_vectors) < len(lexicon.glosses):
                raise DataInvalid(
                    f"there are {len(gloss_vectors)} gloss vectors for the {len(lexicon.glosses)} entries of "
                    f"{lexicon.path}; remove them, and the glosses are encoded"
                )
        self.lexicon = lexicon
        self._vectors = vectors
        self._given = gloss_vectors
        self._encoded: dict[int, NDArray[np.float64]] = {}

    def scores(
        self, sentences: Sequence[str], lemmas: Sequence[Sequence[str]], parts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Score of each word, in [-1, 1]; 0 for a word that the lexicon does not have.

        Args:
            sentences: the texts.
            lemmas: lemma of each word of each text.
            parts: part of speech of each word: `v`, `a`, `r`, `n`, or `u` for none of them.
        """
        found = [
            [self.lexicon.senses(lemma, part) for lemma, part in zip(words, tags, strict=True)]
            for words, tags in zip(lemmas, parts, strict=True)
        ]
        ambiguous = [[s for s in row if s is not None and len(s.ranks) > 1] for row in found]
        wanted = [i for i, row in enumerate(ambiguous) if row]
        self._encode_glosses({int(entry) for row in ambiguous for s in row for entry in s.entries})
        queries = dict(zip(wanted, self._encode([sentences[i].strip() for i in wanted]), strict=True))
        if self._given is not None and queries:
            self._check_given(
                next(iter(queries.values())), {int(e) for row in ambiguous for s in row for e in s.entries}
            )
        return [[_score(s, queries.get(i), self._glosses) for s in row] for i, row in enumerate(found)]

    def polarities(
        self, sentences: Sequence[str], lemmas: Sequence[Sequence[str]], parts: Sequence[Sequence[str]]
    ) -> list[list[int]]:
        """Polarity id of each word: 0 negative, 1 positive, 2 neutral. Arguments as for `scores`."""
        return [
            [POSITIVE if score > 0 else NEGATIVE if score < 0 else NEUTRAL for score in row]
            for row in self.scores(sentences, lemmas, parts)
        ]

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(self._vectors(texts), dtype=np.float64) if texts else np.empty((0, 1))

    def _check_given(self, query: NDArray[np.float64], entries: set[int]) -> None:
        """Refuse gloss vectors of another model, and damaged ones."""
        assert self._given is not None
        used = np.asarray(self._given[sorted(entries)], dtype=np.float64)
        if used.shape[1] != len(query) or not np.isfinite(used).all() or not used.any(axis=1).all():
            raise DataInvalid(
                f"the gloss vectors beside {self.lexicon.path} ({used.shape[1]} numbers each) are damaged, or not "
                f"those of the model that encodes sentences ({len(query)}); remove them, and the glosses are encoded"
            )

    def _encode_glosses(self, entries: set[int]) -> None:
        if self._given is not None:
            return
        new = sorted(entries - self._encoded.keys())
        self._encoded.update(zip(new, self._encode([self.lexicon.glosses[e] for e in new]), strict=True))

    def _glosses(self, entries: NDArray[np.int64]) -> NDArray[np.float64]:
        if self._given is not None:
            return np.asarray(self._given[entries], dtype=np.float64)
        return np.stack([self._encoded[int(entry)] for entry in entries])


def _score(
    senses: Senses | None,
    query: NDArray[np.float64] | None,
    glosses: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> float:
    if senses is None:
        return 0.0
    if len(senses.ranks) == 1 or query is None:
        return float(senses.scores[0])  # the weights of one sense sum to one whatever they are
    vectors = glosses(senses.entries)
    cosines = vectors @ query / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
    weights = np.exp((cosines + 1) / (2 * senses.ranks))
    return float(weights @ senses.scores / weights.sum())
