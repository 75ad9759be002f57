"""From a text to what SentiLARE reads: words, parts of speech and polarities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baselines.extensions import find_extension, identity, setting
from baselines.sentilare_polarity import PolarityRule, SentiWordNet, read_gloss_vectors
from baselines.sentilare_words import (
    POS_IDS,
    NLTKTagger,
    TaggedText,
    Tagger,
    nltk_data,
    part_of_speech,
    require_nltk_data,
)
from harness.encoder import EncoderCard
from harness.errors import DataInvalid, ExtraMissing, WeightsMissing
from harness.files import sha256_file
from harness.transformer import Layout, TransformerEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TAGGERS = "bench.taggers"
TAGGER_VARIABLE = "AFFECTBENCH_TAGGER"
LEXICON_VARIABLE = "AFFECTBENCH_SENTIWORDNET"
SENTENCE_VARIABLE = "AFFECTBENCH_SENTENCE_MODEL"

_LEXICON_FILE = "SentiWordNet_3.0.0.txt"
_LEXICON_PACKAGES = (("corpora/sentiwordnet", "sentiwordnet"),)
_GLOSS_FILE = "gloss_embedding.npy"


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
    layout = Layout(architecture="bert", vocabulary=(("vocab.txt",), ("tokenizer.json",)), heads=("cls.",))
    hub = "sentence-transformers/bert-base-nli-mean-tokens"

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
        tagger: a `Tagger`, a class of one, `module:attribute` or an entry point of `bench.taggers`; by default
            AFFECTBENCH_TAGGER, else the only installed entry point, else NLTK.
        lexicon: SentiWordNet's file, or the directory it is in; by default AFFECTBENCH_SENTIWORDNET, else `beside`,
            else NLTK's corpus `sentiwordnet`.
        sentence_model: a callable texts → vectors, or the directory of a BERT with mean pooling; by default
            AFFECTBENCH_SENTENCE_MODEL, else the hub's cache, else the hub. Where a file `gloss_embedding.npy` (the
            authors') lies beside the lexicon, its rows are taken as the vectors of the glosses.
        beside: one more directory to look for the lexicon in, the checkpoint's.
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
        beside: Path | None = None,
        device: str | None = None,
        fetch: bool = True,
    ) -> None:
        lacking: list[str] = []

        def part(make: Callable[[], Any]) -> Any:
            try:
                return make()
            except ExtraMissing as error:
                lacking.append(str(error))

        self.tagger: Tagger = part(lambda: _tagger(setting(tagger, TAGGER_VARIABLE)))
        path = part(lambda: _lexicon_path(setting(lexicon, LEXICON_VARIABLE), beside))
        model = setting(sentence_model, SENTENCE_VARIABLE)
        self._sentences: Any = model if callable(model) else part(lambda: _sentence_vectors(model, device, fetch))
        if lacking:
            raise ExtraMissing("; ".join(lacking))
        self.lexicon_path: Path = path
        self.gloss_path = self.lexicon_path.with_name(_GLOSS_FILE)
        self._rule: PolarityRule | None = None

    @property
    def fingerprint(self) -> str:
        """Names what decides tags and polarities, by content where it is a file."""
        parts = [identity(self.tagger), sha256_file(self.lexicon_path), identity(self._sentences)]
        if self.gloss_path.is_file():
            parts.append(sha256_file(self.gloss_path))
        return ":".join(parts)

    def __call__(self, texts: Sequence[str]) -> list[TaggedText]:
        """Annotate texts; a text without words has none."""
        words = [[word for word in self.tagger.split(text) if word] for text in texts]
        tags = self.tagger.tag(words)
        parts = [[part_of_speech(tag) for tag in row] for row in tags]
        lemmas = [
            [word if part == "u" else self.tagger.lemma(word.lower(), part) for word, part in zip(*pair, strict=True)]
            for pair in zip(words, parts, strict=True)
        ]
        polarities = self._polarity_rule().polarities(texts, lemmas, parts)
        return [
            TaggedText(tuple(row), tuple(POS_IDS[part] for part in own), tuple(polarity))
            for row, own, polarity in zip(words, parts, polarities, strict=True)
        ]

    def _polarity_rule(self) -> PolarityRule:
        if self._rule is None:
            given = read_gloss_vectors(self.gloss_path) if self.gloss_path.is_file() else None
            self._rule = PolarityRule(SentiWordNet(self.lexicon_path), self._sentences, given)
        return self._rule


def _tagger(named: object) -> Tagger:
    found = find_extension(named, TAGGERS, "tagger") or NLTKTagger
    tagger: Tagger = found() if isinstance(found, type) else found
    return tagger


def _lexicon_path(given: str | Path | None, beside: Path | None) -> Path:
    if given is not None:
        path = Path(given)
        path = path / _LEXICON_FILE if path.is_dir() else path
        if not path.is_file():
            raise DataInvalid(f"there is no SentiWordNet at {path}")
        return path
    if beside is not None and (beside / _LEXICON_FILE).is_file():
        return beside / _LEXICON_FILE
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


@dataclass(frozen=True)
class _Vectors:
    """Sentence vectors of a transformer, with its fingerprint."""

    model: _SentenceModel

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.model.encode(texts)


def _sentence_vectors(directory: str | Path | None, device: str | None, fetch: bool) -> _Vectors:
    model = _SentenceModel(weights_dir=directory, device=device)
    try:
        model.files(fetch=fetch)
    except WeightsMissing as error:
        raise ExtraMissing(str(error)) from error
    return _Vectors(model)
