"""Near-duplicates: texts that differ by a typo, a word or a cut. Candidates by MinHash, verified by edit similarity.

MinHash (Broder 1997) over the character 5-grams of the normal form finds candidates (datasketch's index), the
normalised Levenshtein similarity (rapidfuzz) decides. A pair that the index does not propose is missed; the thresholds
are chosen so that few are, see `SIMILARITY` and `JACCARD`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import ExtraMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Two normal forms are near-duplicates from this share of characters on: 1 − Levenshtein distance / longer length.
SIMILARITY = 0.9

#: Jaccard similarity of 5-grams that the index looks for. Of 60 characters six may change: in one place they leave a
#: Jaccard similarity of 0.7, scattered ones 0.3.
JACCARD = 0.3

#: Characters of a gram, and permutations of a signature.
GRAM = 5
PERMUTATIONS = 128

#: What false candidates weigh against missed ones when the index chooses its bands: the edit similarity throws
#: false ones out, and nothing brings missed ones back.
_WEIGHTS = (0.2, 0.8)

#: Seed of the permutations.
_SEED = 1


def available() -> bool:
    """Whether the optional packages are installed."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("datasketch", "rapidfuzz"))


def near_duplicates(evaluated: Sequence[str], training: Iterable[str]) -> NDArray[np.bool_]:
    """Which evaluated texts have a near-duplicate among the training texts.

    Args:
        evaluated: normal forms (n,).
        training: normal forms; both of at least `GRAM` characters, shorter ones match nothing.

    Returns:
        bool (n,).

    Raises:
        ExtraMissing: datasketch or rapidfuzz is not installed.
    """
    import numpy as np

    if not available():
        raise ExtraMissing("near-duplicates need two packages: pip install 'affectbench[contamination]'")
    from datasketch import MinHashLSH
    from rapidfuzz.distance import Levenshtein

    found = np.zeros(len(evaluated), dtype=np.bool_)
    asked = [i for i, form in enumerate(evaluated) if len(form) >= GRAM]
    if not asked:
        return found
    lengths = {len(evaluated[i]) for i in asked}
    shortest, longest = SIMILARITY * min(lengths), max(lengths) / SIMILARITY
    # Lengths that differ by more cannot be near, which spares a film review the comparison with every sentence.
    kept = list(dict.fromkeys(form for form in training if shortest <= len(form) <= longest and len(form) >= GRAM))
    if not kept:
        return found
    least, most = min(map(len, kept)) * SIMILARITY, max(map(len, kept)) / SIMILARITY
    asked = [i for i in asked if least <= len(evaluated[i]) <= most]
    index = MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS, weights=_WEIGHTS)
    with index.insertion_session() as session:
        for number, signature in enumerate(_signatures(kept)):
            session.insert(number, signature)
    for i, signature in zip(asked, _signatures([evaluated[i] for i in asked]), strict=True):
        form = evaluated[i]
        found[i] = any(
            Levenshtein.normalized_similarity(form, kept[other], score_cutoff=SIMILARITY) > 0
            for other in index.query(signature)
        )
    return found


def _signatures(forms: Sequence[str]) -> Iterator[Any]:
    """MinHash signatures, in order."""
    from datasketch import MinHash

    blank = MinHash(num_perm=PERMUTATIONS, seed=_SEED, hashfunc=int)
    for form in forms:
        signature = blank.copy()
        signature.update_batch(_grams(form))
        yield signature


def _grams(form: str) -> NDArray[np.uint32]:
    """A number for each distinct 5-gram: its place among all 36⁵, scrambled by an odd factor."""
    import numpy as np

    codes = np.frombuffer(form.encode("ascii"), dtype=np.uint8).astype(np.uint32)
    digits = np.where(codes >= ord("a"), codes - np.uint32(ord("a") - 10), codes - np.uint32(ord("0")))
    places = np.lib.stride_tricks.sliding_window_view(digits, GRAM) @ (36 ** np.arange(GRAM, dtype=np.uint32))
    return np.unique(places.astype(np.uint32) * np.uint32(2_654_435_761))
