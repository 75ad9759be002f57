"""From a text to what SentiLARE reads: words, parts of speech and polarities.

The authors split with NLTK's `word_tokenize`, tag with Stanford's left3words model and lemmatise with NLTK's
`WordNetLemmatizer`; a user may name another tagger. The polarity of a word in its sentence is derived from SentiWordNet
as they do. Each sense k of a word, with gloss vector e, in a sentence with vector q, gets a weight proportional to
exp((cos(e, q) + 1) / (2k)); the word's score is the weighted mean of (positive - negative), and its polarity the
score's sign (`process_text` of `preprocess/prep_sent.py`, thu-coai/SentiLARE; Ke et al. 2020, equations 1 and 2).
"""

import importlib.util
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from baselines.extensions import identity, load_extension, setting
from harness.encoder import EncoderCard
from harness.errors import DataInvalid, ExtraMissing, WeightsMissing
from harness.files import sha256_file
from harness.transformer import Layout, TransformerEncoder

#: Vectors of sentences or glosses, float (n, d).
SentenceVectors = Callable[[Sequence[str]], NDArray[np.float32]]

NEGATIVE, POSITIVE, NEUTRAL = 0, 1, 2

TAGGER_VARIABLE = "AFFECTBENCH_TAGGER"
LEXICON_VARIABLE = "AFFECTBENCH_SENTIWORDNET"
SENTENCE_VARIABLE = "AFFECTBENCH_SENTENCE_MODEL"

_LEXICON_FILE = "SentiWordNet_3.0.0.txt"
_LEXICON_PACKAGES = (("corpora/sentiwordnet", "sentiwordnet"),)

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


class Sense(NamedTuple):
    """A sense of a lemma."""

    rank: int
    """Number of the sense, from 1."""
    score: float
    """Positive minus negative, in [-1, 1]."""
    entry: int
    """Number of the entry in the file, and of its gloss."""


class SentiWordNet:
    """SentiWordNet 3.0 and the authors' rule of polarity.

    Args:
        path: `SentiWordNet_3.0.0.txt`. Lines that begin with `#`, at its head and end, are comments.
        vectors: encodes sentences and glosses. Called only for sentences that have a word with several senses.

    Raises:
        DataInvalid: a line does not have SentiWordNet's columns; names file and line.
    """

    def __init__(self, path: Path, vectors: SentenceVectors) -> None:
        self._vectors = vectors
        self._glosses: list[str] = []
        self._encoded: dict[int, NDArray[np.float64]] = {}
        self._senses: dict[tuple[str, str], list[Sense]] = {}
        for number, line in enumerate(path.read_text("utf-8", "replace").split("\n"), 1):
            if line.startswith("#") or not line.strip():
                continue
            try:
                part, _, positive, negative, terms, gloss = line.strip().split("\t")
                score = float(positive) - float(negative)
                ranks = [(word, int(rank)) for word, _, rank in (term.partition("#") for term in terms.split(" "))]
            except ValueError as error:
                raise DataInvalid(
                    f"{path}, line {number}: not a line of SentiWordNet 3.0 (part of speech, id, positive, negative, "
                    f"word#sense ..., gloss, separated by tabs): {line[:60]!r}; fetch it again "
                    "(github.com/aesuli/SentiWordNet)"
                ) from error
            for word, rank in ranks:
                self._senses.setdefault((word, part), []).append(Sense(rank, score, len(self._glosses)))
            # Cut at the first example, with the two characters before its quotation mark, as the authors do.
            quoted = gloss.find('"')
            self._glosses.append(gloss if quoted < 0 else gloss[: quoted - 2])

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
            [self._senses.get(pair, []) for pair in zip(words, tags, strict=True)]
            for words, tags in zip(lemmas, parts, strict=True)
        ]
        ambiguous = [[senses for senses in row if len(senses) > 1] for row in found]
        new = sorted({sense.entry for row in ambiguous for senses in row for sense in senses} - self._encoded.keys())
        self._encoded.update(zip(new, self._encode([self._glosses[entry] for entry in new]), strict=True))
        wanted = [i for i, row in enumerate(ambiguous) if row]
        queries = dict(zip(wanted, self._encode([sentences[i].strip() for i in wanted]), strict=True))
        return [[self._score(senses, queries.get(i)) for senses in row] for i, row in enumerate(found)]

    def polarities(
        self, sentences: Sequence[str], lemmas: Sequence[Sequence[str]], parts: Sequence[Sequence[str]]
    ) -> list[list[int]]:
        """Polarity id of each word: 0 negative, 1 positive, 2 neutral. Arguments as for `scores`."""
        return [
            [POSITIVE if score > 0 else NEGATIVE if score < 0 else NEUTRAL for score in row]
            for row in self.scores(sentences, lemmas, parts)
        ]

    def _encode(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        return list(np.asarray(self._vectors(texts), dtype=np.float64)) if texts else []

    def _score(self, senses: Sequence[Sense], query: NDArray[np.float64] | None) -> float:
        if len(senses) < 2 or query is None:  # the weights of one sense sum to one whatever they are
            return senses[0].score if senses else 0.0
        ranks, scores, _ = (np.array(column) for column in zip(*senses, strict=True))
        vectors = np.stack([self._encoded[sense.entry] for sense in senses])
        cosines = vectors @ query / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
        weights = np.exp((cosines + 1) / (2 * ranks))
        return float(weights @ scores / weights.sum())


class _SentenceModel(TransformerEncoder):
    """Sentence-BERT `bert-base-nli-mean-tokens`, which weighs the senses of a word by its sentence.

    Reads the hub's files or a directory of the old sentence-transformers layout (`0_BERT/`).
    """

    card = EncoderCard(
        name="bert-base-nli-mean-tokens",
        family="bert",
        base="bert",
        weights="huggingface.co/sentence-transformers/bert-base-nli-mean-tokens",
        pooling="mean",
        poolings=("mean",),
        max_length=128,
        dimensions=768,
        training_data=("wikipedia", "bookcorpus", "snli", "multinli"),
        licence="Apache-2.0",
        citation="Reimers and Gurevych 2019. Sentence-BERT. EMNLP. arXiv:1908.10084",
    )
    layout = Layout(architecture="bert", vocabulary=(("vocab.txt",), ("tokenizer.json",)))
    hub = "sentence-transformers/bert-base-nli-mean-tokens"

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of sentences."""
        return self.encode(texts)

    def directory(self) -> Path:
        """The directory of the transformer inside the model's directory."""
        directory = super().directory()
        inner = [directory / name for name in ("0_BERT", "0_Transformer") if (directory / name).is_dir()]
        return inner[0] if inner else directory

    def _advice(self) -> str:
        return (
            f"It weighs the senses of a word by its sentence: set {SENTENCE_VARIABLE} to a directory with the files of "
            f"{self.hub}"
        )


class Annotator:
    """The authors' preprocessing: words, tags, lemmas, polarities.

    Args:
        tagger: a `Tagger`, a class of one, or `module:attribute`; by default AFFECTBENCH_TAGGER, else NLTK.
        lexicon: SentiWordNet's file; by default AFFECTBENCH_SENTIWORDNET, else NLTK's corpus `sentiwordnet`.
        sentence_model: a callable texts → vectors, or the directory of a BERT with mean pooling; by default
            AFFECTBENCH_SENTENCE_MODEL, else the hub's cache, else the hub.
        device: of the sentence model.
        fetch: whether the hub may be asked for the sentence model.

    Raises:
        ExtraMissing: some of them are not there; says of each what to install or to set.
    """

    def __init__(
        self,
        *,
        tagger: object = None,
        lexicon: str | Path | None = None,
        sentence_model: object = None,
        device: str | None = None,
        fetch: bool = True,
    ) -> None:
        lacking: list[str] = []

        def part(make: Callable[[], Any]) -> Any:
            try:
                return make()
            except (ExtraMissing, WeightsMissing) as error:
                lacking.append(str(error))

        def own_model() -> _SentenceModel:
            found = _SentenceModel(weights_dir=model, device=device)
            found.files(fetch=fetch)
            return found

        model = setting(sentence_model, SENTENCE_VARIABLE)
        self.tagger: Tagger = part(lambda: _tagger(setting(tagger, TAGGER_VARIABLE)))
        self.lexicon_path: Path = part(lambda: _lexicon_path(setting(lexicon, LEXICON_VARIABLE)))
        self._sentences: SentenceVectors = model if callable(model) else part(own_model)
        if lacking:
            raise ExtraMissing("; ".join(lacking))
        self._lexicon: SentiWordNet | None = None

    @property
    def fingerprint(self) -> str:
        """Names what decides tags and polarities, by content where it is a file."""
        return f"{identity(self.tagger)}:{sha256_file(self.lexicon_path)}:{identity(self._sentences)}"

    def __call__(self, texts: Sequence[str]) -> list[TaggedText]:
        """Annotate texts; a text without words has none."""
        if self._lexicon is None:
            self._lexicon = SentiWordNet(self.lexicon_path, self._sentences)
        words = [[word for word in self.tagger.split(text) if word] for text in texts]
        parts = [[part_of_speech(tag) for tag in row] for row in self.tagger.tag(words)]
        lemmas = [
            [word if part == "u" else self.tagger.lemma(word.lower(), part) for word, part in zip(*pair, strict=True)]
            for pair in zip(words, parts, strict=True)
        ]
        polarities = self._lexicon.polarities(texts, lemmas, parts)
        return [
            TaggedText(tuple(row), tuple(POS_IDS[part] for part in own), tuple(polarity))
            for row, own, polarity in zip(words, parts, polarities, strict=True)
        ]


def _tagger(named: object) -> Tagger:
    found = load_extension(named, "tagger") or NLTKTagger
    tagger: Tagger = found() if isinstance(found, type) else found
    return tagger


def _lexicon_path(given: str | Path | None) -> Path:
    if given is not None:
        if not Path(given).is_file():
            raise DataInvalid(f"there is no SentiWordNet at {given}")
        return Path(given)
    advice = f"or set {LEXICON_VARIABLE} to {_LEXICON_FILE} (github.com/aesuli/SentiWordNet)"
    try:
        require_nltk_data(_LEXICON_PACKAGES)
    except ExtraMissing as error:
        raise ExtraMissing(f"{error}, {advice}") from error
    directory = nltk_data(_LEXICON_PACKAGES[0][0])
    path = Path(str(getattr(directory, "path", directory))) / _LEXICON_FILE
    if not path.is_file():
        raise ExtraMissing(f"NLTK's corpus sentiwordnet is there but not unpacked: unzip it, {advice}")
    return path
