"""A run from start to checkpoint: it learns, resumes bit by bit, and says what it did."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from carl.backbone import read_start
from carl.curves import read_curves
from carl.pieces import pieces_list
from carl.pretraining.starts import random_start, transferred
from carl.pretraining.trainer import Pretrainer, linear_rate
from carl.provenance import read_record, trained_on
from harness.errors import DataInvalid, StorageFault, UsageError, WeightsInvalid


@pytest.fixture
def make(config, bert, tokenizer, corpus, tmp_path):
    def made(name, *settings, teacher=bert, **options):
        changed = config.changed(settings)
        scratch = changed.start == "scratch"
        start = random_start(changed, tokenizer) if scratch else transferred(bert, tokenizer, changed.name)
        return Pretrainer(changed, start, corpus, tmp_path / name, teacher=teacher, **options)

    return made


def weights(trainer):
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def curve(trainer):
    untimed = ("seconds", "tokens_per_second", "tflops")
    lines = read_curves(trainer.output / "training" / "curves.jsonl")
    return [{key: value for key, value in line.items() if key not in untimed} for line in lines]


SCRATCH = ("start=scratch", "distil_weight=0")


@pytest.mark.parametrize(
    "settings",
    [(), (*SCRATCH, "dropout=0.1", "accumulation=2"), ("rating_weight=1", "affect_weight=3", "distil_layers=0,1")],
)
def test_resuming_continues_bit_by_bit(make, settings):
    whole = make("whole", *settings)
    assert whole.run()
    assert not make("parts", *settings).run(until=3)
    torch.rand(5)  # a caller's own random numbers make no difference
    parts = make("parts", *settings)
    assert not parts.run(until=5)
    last = make("parts", *settings)
    assert last.run()
    expected, found = weights(whole), weights(last)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert curve(whole) == curve(last)
    files = [(run.output / "model.safetensors").read_bytes() for run in (whole, last)]
    assert files[0] == files[1]


def test_distillation_comes_closer_to_the_teacher(make):
    trainer = make("run", "mlm_weight=0", "distil_share=1", "steps=40", "evaluate_every=40", "learning_rate=1e-3")
    assert trainer.run()
    before, after = [line for line in curve(trainer) if "held_out_distil" in line]
    assert after["held_out_distil"] < 0.8 * before["held_out_distil"]
    assert after["held_out_cosine_mean"] > before["held_out_cosine_mean"]


def test_masked_lm_learns_from_scratch(make):
    trainer = make("run", *SCRATCH, "steps=60", "evaluate_every=60", "learning_rate=1e-2")
    assert trainer.run()
    before, after = [line for line in curve(trainer) if "held_out_mlm" in line]
    assert before["held_out_mlm"] == pytest.approx(np.log(300), abs=0.2)
    assert after["held_out_mlm"] < before["held_out_mlm"] - 1
    assert after["held_out_mlm_accuracy"] > 0.1


def test_looking_changes_nothing(make):
    seldom, often = make("seldom", "evaluate_every=6"), make("often", "evaluate_every=1", "held_out_rows=2")
    seldom.run()
    often.run()
    found = weights(often)
    assert all(torch.equal(tensor, found[name]) for name, tensor in weights(seldom).items())


def test_time_ends_a_run_and_the_schedule_goes_on(make):
    whole = make("whole")
    whole.run()
    limited = make("limited")
    assert not limited.run(seconds=0.0)
    assert limited.progress.step == 1
    assert make("limited").run(seconds=3600.0)
    assert curve(make("limited")) == curve(whole)


def test_a_state_in_pieces(make):
    whole = make("whole")
    whole.run()
    assert not make("pieces", piece_size=100_000).run(until=3)
    directory = whole.output.parent / "pieces" / "training"
    pieces = [path for path in directory.iterdir() if path.name.startswith("state.pt.")]
    assert len(pieces) > 3
    assert max(path.stat().st_size for path in pieces) <= 100_000
    again = make("pieces", piece_size=100_000)
    assert again.run()
    found = weights(again)
    assert all(torch.equal(tensor, found[name]) for name, tensor in weights(whole).items())
    sorted(directory.glob("state.pt.*-001"))[0].write_bytes(b"changed")
    with pytest.raises(StorageFault, match=r"-001 was changed"):
        make("pieces").run()
    assert pieces_list(again.state_path).is_file()


def test_a_small_state_goes_on_nearly(make):
    whole = make("whole", "steps=30", "evaluate_every=30")
    whole.run()
    assert not make("small", "steps=30", "evaluate_every=30", compact_state=True).run(until=15)
    small = make("small", "steps=30", "evaluate_every=30")
    assert small.state_path.stat().st_size < 0.4 * whole.state_path.stat().st_size
    assert small.run()
    expected, found = curve(whole)[-1], curve(small)[-1]
    assert found["held_out_mlm"] == pytest.approx(expected["held_out_mlm"], rel=0.03)
    assert found["held_out_mlm"] < curve(whole)[0]["held_out_mlm"] - 0.3


def test_a_state_of_another_run_is_refused(make, corpus, config, tokenizer, bert):
    make("run").run(until=1)
    with pytest.raises(UsageError, match=r"another configuration \(masked, seed differ\)"):
        make("run", "masked=0.2", "seed=1").run()
    moved = {name: tensor + 1 for name, tensor in bert.tensors.items()}
    other = transferred(type(bert)(**{**vars(bert), "tensors": moved}), tokenizer, "small")
    with pytest.raises(UsageError, match="another corpus, vocabulary or teacher"):
        Pretrainer(config, other, corpus, make("run").output, teacher=bert).run()


def test_a_stop_saves_and_the_run_goes_on(make):
    trainer = make("run")
    trainer.report = lambda line: trainer.stop() if line.startswith("step 2/6   33 %") else None
    assert not trainer.run()
    again = make("run")
    assert again.run()
    assert sorted({line["step"] for line in curve(again)}) == list(range(7))


def test_the_checkpoint_is_read_by_others(make, tokenizer):
    from transformers import AutoModel, AutoTokenizer

    trainer = make("run")
    trainer.run()
    start = read_start(str(trainer.output))
    assert start.shape == trainer.start.shape
    for name, tensor in start.tensors.items():
        assert torch.equal(tensor, trainer.model.backbone.state_dict()[name].half()), name
    model = AutoModel.from_pretrained(trainer.output, add_pooling_layer=False).eval()
    library = AutoTokenizer.from_pretrained(trainer.output)
    text = "The train was late, 😀 never again"
    ids = tokenizer.encode(text).ids
    assert library(text)["input_ids"] == ids
    from harness.registry import find_encoder

    vector = find_encoder(f"hf:{trainer.output}").create().encode([text])[0]
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([ids])).last_hidden_state[0, 0].numpy()
    np.testing.assert_allclose(vector, expected, atol=2e-5)


def test_record_and_card_say_what_was_done(make, corpus, bert):
    trainer = make("run")
    trainer.run()
    record = read_record(trainer.output)
    lengths = corpus.pieces.lengths
    assert record["tokens"] == trainer.progress.tokens > 0.9 * 6 * 6 * 48
    assert record["passes"] == pytest.approx(record["tokens"] / lengths[~corpus.held_out].sum(), abs=1e-3)
    assert record["teacher"]["name"] == bert.card.name
    assert [source["name"] for source in record["sources"]] == ["abc", "steam"]
    assert sum(source["rows"] for source in record["sources"]) < 700
    assert trained_on(record) is None  # the made-up teacher declares nothing
    assert not (trainer.output / "training_texts.txt").exists()
    card = (trainer.output / "README.md").read_text()
    assert "**transferred** from" in card
    assert "distillation to the first-token and mean vectors" in card
    assert "holds no weights of roberta-base" in card
    assert f"{record['tokens']:,} tokens" in card
    assert corpus.hashes_sha256 in card
    assert "MIT (repositories; the reviews are by users of Steam)" in card


def test_ratings_that_are_learned_are_listed(make, corpus):
    trainer = make("run", *SCRATCH, "rating_weight=1", teacher=None)
    trainer.run()
    assert tuple((trainer.output / "training_texts.txt").read_text().split()) == corpus.rated_hashes
    record = json.loads((trainer.output / "training.json").read_text())
    assert trained_on(record) == ("abc", "steam")
    card = (trainer.output / "README.md").read_text()
    assert "Start: **from scratch**" in card
    assert "license: mit" in card
    assert f"hashes of the {len(corpus.rated_hashes):,} rated texts" in card


def test_curves_hold_what_is_to_be_watched(make):
    trainer = make("run", "rating_weight=1")
    trainer.run()
    names = {name for line in curve(trainer) for name in line}
    assert names >= {"loss", "mlm", "mlm_accuracy", "distil", "rating", "gradient_norm", "learning_rate", "tokens"}
    assert {f"held_out_{name}" for name in ("mlm", "mlm_accuracy", "distil", "cosine_mean", "rating_r")} <= names
    timed = read_curves(trainer.output / "training" / "curves.jsonl")[1]
    assert timed["tokens_per_second"] > 0
    assert timed["tflops"] > 0


def test_what_does_not_fit_is_refused(make, corpus, config, tokenizer):
    with pytest.raises(UsageError, match="takes 30 tokens"):
        make("run", *SCRATCH, "positions=30")
    with pytest.raises(UsageError, match="distillation needs a teacher"):
        make("run", teacher=None)
    with pytest.raises(UsageError, match="goes back 2 layers"):
        make("run", "distil_layers=0,2")
    with pytest.raises(UsageError, match="the encoder's 48"):
        make("run", "start=scratch", "hidden=48")
    every = type(corpus)(**{**vars(corpus), "held_out": np.zeros_like(corpus.held_out)})
    with pytest.raises(DataInvalid, match="no text of the corpus is held out"):
        Pretrainer(config, random_start(config, tokenizer), every, make("run").output, teacher=make("run").teacher)


def test_embeddings_and_heads_may_learn_faster(make):
    trainer = make("run", "embedding_rate=10", "warmup=0", "steps=1")
    trainer.run()
    rates = {
        name: group["lr"]
        for name, parameter in trainer.model.trainable()
        for group in trainer.optimiser.param_groups
        if any(parameter is other for other in group["params"])
    }
    assert rates["encoder.backbone.embeddings.word_embeddings.weight"] == pytest.approx(2e-2)
    assert rates["masked.dense.weight"] == pytest.approx(2e-2)
    assert rates["encoder.backbone.encoder.layer.0.output.dense.weight"] == pytest.approx(2e-3)
    assert "rating.weight" not in rates


def test_divergence_ends_a_run(make):
    trainer = make("run", "learning_rate=1e30", "clip=0", "warmup=0")
    with pytest.raises(WeightsInvalid, match="training diverged before step"):
        trainer.run()
    assert not (trainer.output / "model.safetensors").exists()


def test_the_rate_rises_and_falls():
    rates = [linear_rate(step, 100, 0.06) for step in range(100)]
    assert np.argmax(rates) in (5, 6)
    assert rates[0] == pytest.approx(1 / 6)
    assert rates[-1] == pytest.approx(1 / 94)
    assert linear_rate(0, 1, 1.0) == 1.0


def test_pretraining_imports_neither_datasets_nor_transformers():
    code = (
        "import sys, carl.pretraining.trainer, carl.pretraining.preparation;"
        "print([m for m in ('datasets', 'transformers', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
