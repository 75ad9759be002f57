"""Damaged files of training, and of texts that users bring: what cannot be read is told in the project's own words."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.contamination.training import training_file

from baselines.sentilare_polarity import PolarityRule, SentiWordNet, read_gloss_vectors
from carl.ablation.plan import ArmRun, ablation_plan
from carl.ablation.results import RESULT, RunResult, json_lines, read_result
from carl.ablation.running import is_trained
from carl.ablation.table import AblationTable
from carl.backbone import read_start
from carl.card import card_from
from carl.configurations import configuration
from carl.curves import Curves
from carl.iemocap import read_iemocap
from carl.label_source import LabelSource
from carl.pretraining.configurations import pretraining
from carl.pretraining.corpus import read_corpus
from carl.pretraining.encoded import encode_corpus
from carl.pretraining.vocabulary import byte_strings, read_tokenizer, train_tokenizer, write_tokenizer
from carl.provenance import is_backbone, trained_on
from carl.rated import read_rated
from carl.recipes.config import RecipeConfig
from carl.recipes.marks import Marks, read_vader
from carl.recipes.parts import Parts
from carl.recipes.phrases import phrases, read_trees
from carl.recipes.questions import question_items, read_questions
from carl.recipes.training import is_finished
from carl.shipping import read_run
from carl.trainer import Trainer
from harness.cli.encode import read_texts
from harness.embeddings import EmbeddingStore
from harness.errors import BenchError
from harness.locks import _Holder
from harness.transformer.hub import cached_snapshot
from harness.transformer.library import HubEncoder


def _beside(name: str, folder: Path = Path(__file__).parent) -> Any:
    """A module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


mutated = _beside("mutations").mutated
tiny = _beside("tiny_checkpoints", Path(__file__).parents[1])

#: A damaged file is given to one of these; it returns, or raises what a user is told.
Reader = Callable[[], object]


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1).encode()


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _packed(content: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.compress(content, codec="zstd", asbytes=True))


# Texts that train

_TEXTS = (
    ("steam", 1.0, "A warm game, and we were glad. It went on and on. Nobody minded. Play it."),
    ("steam", 0.0, "It broke at once. Never again. The rain was better. Keep your money."),
    ("pros-cons", 0.75, "cheap and kind"),
    ("pros-cons", 0.25, "late"),
    ("abc", None, "The river rose by two metres."),
)
_SHARD = "".join(
    json.dumps({"text": text, "source": source, **({} if rating is None else {"rating": rating})}) + "\n"
    for source, rating, text in _TEXTS
    for text in (text, f"{text} Once more.", f"So: {text}")
).encode()


def _rated(folder: Path) -> None:
    for source in read_rated(folder, ("steam", "pros-cons"), limit=5, excerpt_count=2, max_length=8):
        assert np.isfinite(source.labels[:, 0]).all()
        "".join(source.texts).encode("utf-8", "surrogatepass")


def _corpus(folder: Path) -> None:
    for sources in ((), ("steam", "abc")):
        for text in read_corpus(folder, sources=sources, limit=4):
            assert isinstance(text.held_out, bool)


def rated_reviews(folder: Path) -> tuple[Path, bytes, Reader]:
    """Reviews with ratings."""
    return folder / "a.jsonl", _SHARD, lambda: _rated(folder)


def packed_reviews(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same, compressed."""
    return folder / "a.jsonl.zst", _packed(_SHARD), lambda: _rated(folder)


def corpus_texts(folder: Path) -> tuple[Path, bytes, Reader]:
    """What an encoder is pretrained on."""
    return folder / "a.jsonl", _SHARD, lambda: _corpus(folder)


def packed_corpus(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same, compressed."""
    return folder / "a.jsonl.zst", _packed(_SHARD), lambda: _corpus(folder)


_TURNS = (("F000", "1.0000", "2.0000", "neu", "Did you knock?"), ("M000", "3.2500", "4.0000", "exc", "I did!"))
_DIALOG = Path("Session5/dialog")


def _iemocap(folder: Path, damaged: str) -> tuple[Path, bytes, Reader]:
    name = "Ses05F_impro01"
    spoken = "".join(f"{name}_{turn} [{start}-{end}]: {text}\n" for turn, start, end, _, text in _TURNS).encode()
    rated = "".join(f"[{a} - {b}]\t{name}_{turn}\t{e}\t[2.5000, 3.5000, 2.0000]\n" for turn, a, b, e, _ in _TURNS)
    _write(folder / _DIALOG / "transcriptions" / f"{name}.txt", spoken)
    _write(folder / _DIALOG / "EmoEvaluation" / f"{name}.txt", rated.encode())
    path = folder / _DIALOG / damaged / f"{name}.txt"

    def read() -> None:
        texts, ratings = read_iemocap(folder)
        assert ratings.shape == (len(texts), 2)
        assert ((ratings >= 0.5) & (ratings <= 5.5)).all()

    return path, path.read_bytes(), read


def iemocap_transcripts(folder: Path) -> tuple[Path, bytes, Reader]:
    """Transcripts of IEMOCAP as a source of labels."""
    return _iemocap(folder, "transcriptions")


def iemocap_ratings(folder: Path) -> tuple[Path, bytes, Reader]:
    """Its ratings."""
    return _iemocap(folder, "EmoEvaluation")


def trees(folder: Path) -> tuple[Path, bytes, Reader]:
    """Trees with labels."""
    path = folder / "train.txt"

    def read() -> None:
        for tree in read_trees(path):
            phrases(tree, [[1] for _ in tree.words], 40)

    return path, b"(3 (2 so) (4 (2 very) (4 kind)))\n(2 (2 late) (1 -LRB-))\n", read


def questions(folder: Path) -> tuple[Path, bytes, Reader]:
    """SQuAD's questions, cut to the length of a text."""
    path = folder / "train-v1.1.json"
    tokenizer = train_tokenizer((text for _, _, text in _TEXTS), 265)
    asked = {"id": "1", "question": "who is late?", "answers": [{"answer_start": 4, "text": "we"}]}
    paragraph = {
        "context": "so, we are late",
        "qas": [asked, {**asked, "answers": [{"answer_start": 11, "text": "late"}]}],
    }

    def read() -> None:
        for item, (first, last, _) in zip(*question_items(read_questions(path), tokenizer, 12), strict=True):
            assert first <= last < len(item) <= 12

    return path, _json({"version": "1.1", "data": [{"title": "so", "paragraphs": [paragraph]}]}), read


_SENTIWORDNET = (
    "# POS\tID\tPosScore\tNegScore\tSynsetTerms\tGloss\n"
    'a\t00001740\t0.125\t0\table#1 kind#2\tmost kind; "able to swim"\n'
    "v\t00002098\t0\t0.75\tknock#1\tto hit\na\t00003131\t0.5\t0\tkind#1\twarm\n"
)


def word_list(folder: Path) -> tuple[Path, bytes, Reader]:
    """A list of sentiment words, painted on a text."""
    path = folder / "vader_lexicon.txt"

    def read() -> None:
        Marks(read_vader(path), Parts())._paint("Not very KIND :) and it's late")

    return path, b":)\t2.0\t1.2\t[1, 2]\nkind\t2.4\t0.5\t[2]\nlate\t-1.1\t0.8\t[0]\n", read


def parts_of_speech(folder: Path) -> tuple[Path, bytes, Reader]:
    """SentiWordNet as a list of parts of speech."""
    path = folder / "SentiWordNet.txt"
    return path, _SENTIWORDNET.encode(), lambda: Parts(path).of("kind")


def _polarity(path: Path, glosses: Path | None = None) -> None:
    given = None if glosses is None else read_gloss_vectors(glosses)
    rule = PolarityRule(SentiWordNet(path), lambda texts: np.eye(max(len(texts), 1), 3, dtype=np.float32) + 1, given)
    with np.errstate(all="raise"):
        scores = rule.scores(["a kind knock"], [["kind", "knock"]], [["a", "v"]])
    assert np.isfinite(scores).all()


def senses(folder: Path) -> tuple[Path, bytes, Reader]:
    """SentiWordNet as SentiLARE reads it."""
    path = folder / "SentiWordNet_3.0.0.txt"
    return path, _SENTIWORDNET.encode(), lambda: _polarity(path)


def glosses(folder: Path) -> tuple[Path, bytes, Reader]:
    """The vectors of its glosses."""
    lexicon = _write(folder / "SentiWordNet_3.0.0.txt", _SENTIWORDNET.encode())
    path, content = folder / "gloss_embedding.npy", io.BytesIO()
    np.save(content, np.arange(9, dtype=np.float32).reshape(3, 3) + 1)
    return path, content.getvalue(), lambda: _polarity(lexicon, path)


# What training writes and reads again


def _encoded(folder: Path, damaged: str) -> tuple[Path, bytes, Reader]:
    texts, made = folder / "texts", folder / "made"
    _write(texts / "a.jsonl", _SHARD)
    tokenizer = train_tokenizer((text for _, _, text in _TEXTS), 265)
    config = pretraining("roberta-small").changed(["vocabulary=265", "max_length=16"])
    encode_corpus(texts, config, tokenizer, made)
    kept = {path.name: path.read_bytes() for path in made.iterdir()}

    def read() -> None:
        found = encode_corpus(texts, config, tokenizer, made)
        assert len(found.pieces.lengths) == len(found.ratings) == len(found.held_out)
        assert found.pieces.lengths.sum() == len(found.pieces.flat)
        json.dumps([found.sources, found.rated_hashes, found.hashes_sha256])
        for name, content in kept.items():
            (made / name).write_bytes(content)

    return made / damaged, kept[damaged], read


def encoded_description(folder: Path) -> tuple[Path, bytes, Reader]:
    """What is known of a tokenised corpus: where it cannot be read, the corpus is tokenised again."""
    return _encoded(folder, "corpus.json")


def encoded_pieces(folder: Path) -> tuple[Path, bytes, Reader]:
    """Lengths and ratings of its pieces."""
    return _encoded(folder, "pieces.npz")


def encoded_tokens(folder: Path) -> tuple[Path, bytes, Reader]:
    """Its token ids."""
    return _encoded(folder, "pieces.u16")


def vocabulary(folder: Path) -> tuple[Path, bytes, Reader]:
    """A vocabulary of our own."""
    path = folder / "tokenizer.json"
    write_tokenizer(train_tokenizer((text for _, _, text in _TEXTS), 265), path)

    def read() -> None:
        found = read_tokenizer(path)
        found.encode("A warm game")
        byte_strings(found)

    return path, path.read_bytes(), read


def _trainer(folder: Path) -> Trainer:
    backbone = folder / "bert"
    if not backbone.is_dir():
        backbone.mkdir()
        network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(backbone))
        tiny.write_weights(backbone / "model.safetensors", network.state())
        tiny.write_config(backbone / "config.json", network.config)
    source = LabelSource(
        name="made-up",
        title="Made-up texts",
        licence="none",
        texts=tuple(f"we are glad {number}" for number in range(8)),
        labels=np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2),
    )
    config = configuration("carl-minilm").changed(
        ["batch=4", "steps=2", "max_length=16", "projection_hidden=8", "projection_size=4", "restarts=false"]
    )
    return Trainer(config, read_start(str(backbone)), [source], folder / "run")


def training_state(folder: Path) -> tuple[Path, bytes, Reader]:
    """The state from which a run goes on."""
    trainer = _trainer(folder)
    assert not trainer.run(until=1)
    return trainer.state_path, trainer.state_path.read_bytes(), trainer.restore


def structure_of_training_state(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same with the damage inside of a valid archive, whose own checksums then fit."""
    path, whole, restore = training_state(folder)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    (name,) = (entry for entry in entries if entry.endswith("data.pkl"))

    def read() -> None:
        damaged = path.read_bytes()
        with zipfile.ZipFile(path, "w") as archive:
            for entry, content in entries.items():
                archive.writestr(entry, damaged if entry == name else content)
        try:
            restore()
        finally:
            path.write_bytes(damaged)

    _write(path, entries[name])
    return path, entries[name], read


def curves_of_a_run(folder: Path) -> tuple[Path, bytes, Reader]:
    """Training curves that a run goes on with."""
    path = folder / "curves.jsonl"
    content = b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n{"step": 3, "loss": NaN}\n'

    def read() -> None:
        kept = path.read_bytes()
        Curves(path, 2).add({"step": 3, "loss": 0.1})
        path.write_bytes(kept)

    return path, content, read


def finished_run(folder: Path) -> tuple[Path, bytes, Reader]:
    """The record of a finished run: what ships, what is not done again, and its card."""
    trainer = _trainer(folder)
    assert trainer.run()
    config = RecipeConfig(name="recipe-x-minilm", recipe="x", backbone="minilm", texts=8, batch=4)
    run = ArmRun("full", 0, trainer.config, trainer.output)
    path = trainer.output / "training.json"
    content = {**json.loads(path.read_bytes()), "recipe": {"settings": config.as_dict()}, "scores": {"score": 0.5}}

    def read() -> None:
        is_finished(trainer.output, config)
        is_trained(run)
        record = read_run(trainer.output)
        trained_on(record)
        if not is_backbone(record):
            card_from(trainer.output, record).encode()

    return path, _json(content), read


def weights_of_a_run(folder: Path) -> tuple[Path, bytes, Reader]:
    """Weights that are to ship."""
    trainer = _trainer(folder)
    assert trainer.run()
    path = trainer.output / "model.safetensors"
    return path, path.read_bytes(), lambda: read_run(trainer.output)


def result_of_an_ablation(folder: Path) -> tuple[Path, bytes, Reader]:
    """How a run of an ablation ended, and the table of it."""
    task = "polarity/mr/senteval-lr/1"
    plan = ablation_plan(configuration("carl-minilm"), ("no-ptd",), 1, folder)
    run = next(run for run in plan.runs if run.arm == "no-ptd")
    result = RunResult(
        arm=run.arm,
        seed=run.seed,
        status="ok",
        config=run.config.as_dict(),
        data="d1",
        training={"step": 2, "steps": 2},
        development={"score": 0.5, "dev_valence_r": float("nan")},
        tasks={task: {"status": "ok", "metrics": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}}}},
    )

    def read() -> None:
        found = read_result(run)
        if found is not None:
            found.covers((task,))
            json_lines([found]).encode()
            table = AblationTable(plan, {run: found}, (task,))
            table.markdown().encode()
            table.csv().encode()

    return run.directory / RESULT, _json(asdict(result)), read


# What users bring

_CONFIG = {
    **{"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 10},
    **{"max_position_embeddings": 16, "type_vocab_size": 2, "model_type": "bert", "pad_token_id": 0},
}


def _hub(folder: Path, damaged: str) -> tuple[Path, bytes, Reader]:
    from safetensors.numpy import save

    place = folder / "model"
    _write(place / "model.safetensors", save({"a": np.ones(2, np.float32)}))
    _write(place / "vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    _write(place / "config.json", _json(_CONFIG))
    _write(place / "tokenizer_config.json", _json({"model_max_length": 512, "do_lower_case": True}))

    def read() -> None:
        encoder = HubEncoder(place)
        encoder.files(fetch=False)
        if encoder.packed:
            assert encoder.effective_max_length() > 0
            encoder.tokenizer(encoder.files()).encode("a")
        encoder.availability()

    return place / damaged, (place / damaged).read_bytes(), read


def configuration_of_any_model(folder: Path) -> tuple[Path, bytes, Reader]:
    """The configuration of a checkpoint that nobody declared."""
    return _hub(folder, "config.json")


def tokenizer_configuration(folder: Path) -> tuple[Path, bytes, Reader]:
    """That of its tokeniser."""
    return _hub(folder, "tokenizer_config.json")


def _texts_in(path: Path, content: bytes) -> tuple[Path, bytes, Reader]:
    def read() -> None:
        texts = read_texts(path, "text")
        assert all(isinstance(text, str) for text in texts)

    return path, content, read


def texts_in_lines(folder: Path) -> tuple[Path, bytes, Reader]:
    """Texts to encode."""
    return _texts_in(folder / "a.txt", "a warm day\r\ncafé\n\n".encode())


def texts_in_columns(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same in a table."""
    return _texts_in(folder / "a.csv", 'id,text\n1,"a warm, long day"\n2,"two\nlines"\n3,café\n'.encode())


def texts_between_tabs(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same with tabs."""
    return _texts_in(folder / "a.tsv", b"id\ttext\n1\ta warm day\n2\tlate\n")


def texts_in_parquet(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same in parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1, 2]), "text": pa.array(["a warm day", None])}), buffer)
    return _texts_in(folder / "a.parquet", buffer.getvalue())


def texts_of_training(folder: Path) -> tuple[Path, bytes, Reader]:
    """Training texts to compare with."""
    path = folder / "mine.txt"
    return path, "a warm day\ncafé\n".encode(), lambda: training_file(path)


def hashes_of_training(folder: Path) -> tuple[Path, bytes, Reader]:
    """Their hashes."""
    path = folder / "mine.txt"
    return path, b"0123456789abcdef\nfedcba9876543210\n", lambda: training_file(path)


def facts_of_vectors(folder: Path) -> tuple[Path, bytes, Reader]:
    """What the cache says of vectors: whatever it says, they are those of these facts, or made again."""
    store = EmbeddingStore(folder)
    store.space({"fingerprint": "f1"}).add(["one"], np.ones((1, 3), np.float32))
    (path,) = folder.rglob("space.txt")
    kept = folder.with_name(f"{folder.name}-kept")
    shutil.copytree(folder, kept, dirs_exist_ok=True)

    def read() -> None:
        damaged = path.read_bytes()
        again = EmbeddingStore(folder).space({"fingerprint": "f1"})
        if again.missing(["one"]):
            again.add(["one"], np.ones((1, 3), np.float32))
        np.testing.assert_array_equal(again.gather(["one"]), np.ones((1, 3)))
        _write(path, damaged)
        EmbeddingStore(folder).forget("f1")
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    return path, path.read_bytes(), read


def lock(folder: Path) -> tuple[Path, bytes, Reader]:
    """Who holds a lock."""
    path = folder / "a.lock"

    def read() -> None:
        holder = _Holder.read(path.read_bytes())
        if holder is not None:
            holder.lives()

    return path, _Holder.here().to_bytes("a test"), read


def revision_in_the_hub_s_cache(folder: Path) -> tuple[Path, bytes, Reader]:
    """Which revision of a model lies in the cache of the hub's client."""
    model = folder / "models--org--model"
    (model / "snapshots" / "abc123").mkdir(parents=True)

    def read() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HF_HUB_CACHE", str(folder))
            found = cached_snapshot("org/model", None)
        assert found is None or found.parent == model / "snapshots"

    return model / "refs" / "main", b"abc123\n", read


KINDS = (
    *(rated_reviews, packed_reviews, corpus_texts, packed_corpus, iemocap_transcripts, iemocap_ratings, trees),
    *(questions,),
    *(word_list, parts_of_speech, senses, glosses, encoded_description, encoded_pieces, encoded_tokens, vocabulary),
    *(training_state, structure_of_training_state, curves_of_a_run, finished_run, weights_of_a_run),
    *(result_of_an_ablation, configuration_of_any_model, tokenizer_configuration, texts_in_lines, texts_in_columns),
    *(texts_between_tabs, texts_in_parquet, texts_of_training, hashes_of_training, facts_of_vectors, lock),
    *(revision_in_the_hub_s_cache,),
)

#: A case of these takes several milliseconds; the bounded part has a third as many.
COSTLY = (training_state, structure_of_training_state, encoded_description, encoded_pieces, encoded_tokens)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_damaged_file_is_read_or_refused_in_our_own_words(kind, quick_path, cases, thorough):
    path, content, read = kind(quick_path)
    _write(path, content)
    read()
    for seed in range(cases if thorough or kind not in COSTLY else cases // 3):
        _write(path, mutated(content, seed))
        try:
            read()
        except BenchError as error:
            assert str(error)
        except BaseException as error:
            error.add_note(f"{kind.__name__} damaged with seed {seed}")
            raise
