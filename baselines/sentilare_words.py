"""Words, parts of speech and lemmas for SentiLARE: by NLTK, or by whatever tagger a user names.

The authors split with NLTK's `word_tokenize`, tag with Stanford's left3words model and lemmatise with NLTK's
`WordNetLemmatizer` (`preprocess/prep_sent.py` of thu-coai/SentiLARE).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import ExtraMissing

#: Part of speech → id in the model's table. `u` is every other word.
POS_IDS = {"v": 0, "a": 1, "r": 2, "n": 3, "u": 4}

_PENN = {
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), "v"),
    **dict.fromkeys(("JJ", "JJR", "JJS"), "a"),
    **dict.fromkeys(("RB", "RBR", "RBS"), "r"),
    **dict.fromkeys(("NN", "NNS", "NNP", "NNPS"), "n"),
}


_WORDS = re.compile(r"\w+|[^\w\s]+")


@dataclass(frozen=True)
class TaggedText:
    """Words with one part of speech and one polarity each."""

    words: tuple[str, ...]
    pos_ids: tuple[int, ...]
    """0 verb, 1 adjective, 2 adverb, 3 noun, 4 other."""
    senti_ids: tuple[int, ...]
    """0 negative, 1 positive, 2 neutral."""


def neutral(text: str) -> TaggedText:
    r"""A text as a machine without tagger and lexicon sees it: split by `\w+|[^\w\s]+`, every word other and neutral.

    >>> neutral("So kind!!").words, neutral("So kind!!").pos_ids
    (('So', 'kind', '!!'), (4, 4, 4))
    """
    words = tuple(_WORDS.findall(text))
    return TaggedText(words, (POS_IDS["u"],) * len(words), (2,) * len(words))


def part_of_speech(penn_tag: str) -> str:
    """Part of speech of a Penn Treebank tag: `v`, `a`, `r`, `n` or `u`.

    >>> [part_of_speech(tag) for tag in ("VBD", "JJ", "RBR", "NNPS", "WRB")]
    ['v', 'a', 'r', 'n', 'u']
    """
    return _PENN.get(penn_tag, "u")


class Tagger(Protocol):
    """What SentiLARE asks of a tagger; name one with AFFECTBENCH_TAGGER."""

    def split(self, text: str) -> list[str]:
        """Words and punctuation marks of a text."""
        ...

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Penn Treebank tag of each word of each sentence."""
        ...

    def lemma(self, word: str, part: str) -> str:
        """Lemma of a lower-case word by its part of speech (`v`, `a`, `r` or `n`)."""
        ...


class NLTKTagger:
    """NLTK's word splitter, perceptron tagger and WordNet lemmatiser.

    Raises:
        ExtraMissing: NLTK or one of its data packages is not installed.
    """

    #: Path among NLTK's data → name of the package that installs it.
    packages = (
        ("tokenizers/punkt_tab/english/", "punkt_tab"),
        ("taggers/averaged_perceptron_tagger_eng/", "averaged_perceptron_tagger_eng"),
        ("corpora/wordnet", "wordnet"),
    )

    def __init__(self) -> None:
        require_nltk_data(self.packages)
        import nltk
        from nltk.stem import WordNetLemmatizer
        from nltk.tag import PerceptronTagger

        self.fingerprint = f"nltk-{nltk.__version__}:punkt_tab:averaged_perceptron_tagger_eng:wordnet"
        self._lemmatizer = WordNetLemmatizer()
        self._tagger = PerceptronTagger()
        self._lemmas: dict[tuple[str, str], str] = {}

    def split(self, text: str) -> list[str]:
        """Split with `word_tokenize`; at white space where that fails, as the authors do."""
        from nltk.tokenize import word_tokenize

        try:
            words: list[str] = word_tokenize(text.strip())
        except Exception:  # the authors catch whatever it raises
            words = text.strip().split()
        return words

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Tag with the averaged perceptron; the authors' tagger has the same tag set."""
        return [[tag for _, tag in self._tagger.tag(list(words))] if words else [] for words in sentences]

    def lemma(self, word: str, part: str) -> str:
        """Lemmatise with WordNet's rules."""
        key = (word, part)
        if key not in self._lemmas:
            self._lemmas[key] = str(self._lemmatizer.lemmatize(word, pos=part))
        return self._lemmas[key]


def require_nltk_data(packages: Sequence[tuple[str, str]]) -> None:
    """Check that NLTK and some of its data packages are installed.

    Raises:
        ExtraMissing: says what to install, in one line for each.
    """
    if importlib.util.find_spec("nltk") is None:
        raise ExtraMissing(f"NLTK is not installed: pip install 'affectbench[sentilare]' && {_downloads(packages)}")
    lacking = [(path, name) for path, name in packages if nltk_data(path) is None]
    if lacking:
        raise ExtraMissing(f"NLTK lacks data: {_downloads(lacking)}")


def nltk_data(path: str) -> Any | None:
    """NLTK's pointer to a piece of its data, zipped or not; None when it is not installed."""
    import nltk

    for name in (path, f"{path.rstrip('/')}.zip"):  # a corpus reader opens `corpora/NAME.zip` too
        with suppress(LookupError):
            return nltk.data.find(name)
    return None


def _downloads(packages: Sequence[tuple[str, str]]) -> str:
    return f"python -m nltk.downloader {' '.join(name for _, name in packages)}"
