"""`bench run` beside other runs, in shares, and not at all."""

import signal
import subprocess
import sys

import pytest
from affectbench_sample import LETTERS

from harness.evaluation import RunOptions, plan
from harness.progress import Progress
from harness.record import ResultStore

SAMPLE = ("run", "--models", f"lexicon,{LETTERS}", "--suite", "sample", "--tasks", "geometry,valence-arousal")


def places(directory):
    return ["--results-dir", str(directory / "r"), "--cache-dir", str(directory / "c")]


def bench(*arguments):
    command = [sys.executable, "-m", "harness.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shares(tmp_path_factory):
    """Where three machines did a third each."""
    directory = tmp_path_factory.mktemp("shares")
    for number in (1, 2, 3):
        done = bench(*SAMPLE, *places(directory), "--shard", f"{number}/3")
        assert done.returncode == 0, done.stderr
    return directory


@pytest.mark.slow
def test_shards_together_are_the_whole_plan(shares):
    assert len(list(ResultStore(shares / "r"))) == 4
    done = bench(*SAMPLE, *places(shares))
    assert "4 evaluations: 4 recorded before;" in done.stderr


def test_a_dry_run_says_what_is_left_and_leaves_nothing(shares, tmp_path):
    done = bench("run", "--models", "minilm,bert", "--suite", "paper", "--dry-run", *places(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "polarity/mr/senteval-lr/1" in done.stdout
    assert "44 evaluations to measure" in done.stdout
    assert list(tmp_path.iterdir()) == []
    done = bench(*SAMPLE, *places(shares), "--dry-run")
    assert "0 evaluations to measure, 4 recorded before" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_another_run_ends_when_it_is_told_to(tmp_path, number):
    arguments = ["run", "--models", "lexicon", "--suite", "sample", "--tasks", "geometry", *places(tmp_path)]
    places_of = {"results_dir": tmp_path / "r", "cache_dir": tmp_path / "c"}
    evaluator = plan(RunOptions(models="lexicon", suite="sample", tasks="geometry", **places_of))
    with evaluator.lock(evaluator.evaluations[0], Progress()):
        process = subprocess.Popen([sys.executable, "-m", "harness.cli", *arguments], stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if "waiting" in line:
                break
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted (1 evaluation: 1 not reached)" in stderr
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.slow
def test_an_encoder_that_exits_is_a_failure(tmp_path):
    (tmp_path / "enc.py").write_text(
        "import sys\nfrom harness import EncoderCard\n"
        "class Exits:\n    card = EncoderCard(name='e', family='floor')\n    fingerprint = 'e'\n"
        "    def encode(self, texts): sys.exit(0)\n"
    )
    models = f"{tmp_path}/enc.py:Exits,lexicon"
    done = bench("run", "--models", models, "--suite", "sample", "-t", "geometry", *places(tmp_path))
    assert done.returncode == 1
    assert sorted(one.status for one in ResultStore(tmp_path / "r")) == ["failed", "ok"]


@pytest.mark.parametrize(("model", "code"), [("hf:not/fetched", 0), (".", 2)])
def test_a_model_that_is_nowhere_is_wrong_usage_one_out_of_reach_is_not(tmp_path, model, code):
    done = bench("run", "--models", f"{model},lexicon", "-t", "geometry/sample", "--offline", *places(tmp_path))
    assert done.returncode == code
    assert sorted(one.status for one in ResultStore(tmp_path / "r")) == ["ok", "weights-missing"]


def test_a_run_file_holds_what_was_asked_for_and_options_go_before_it(tmp_path):
    file = tmp_path / "run.yaml"
    done = bench(*SAMPLE, "--seeds", "0,1", *places(tmp_path), "--save-config", str(file), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert bench("run", "--config", str(file), "--dry-run").stdout == done.stdout
    one = bench("run", "--config", str(file), "-m", "lexicon", "--dry-run")
    assert "2 evaluations to measure" in one.stdout
    file.write_text("modles: minilm\n")
    assert "did you mean models?" in bench("run", "--config", str(file)).stderr


def test_a_corpus_means_the_papers_exact_protocol(tmp_path):
    done = bench("run", "-m", "lexicon", "-t", "polarity/cr", "--dry-run", *places(tmp_path))
    assert "senteval-lr/1" in done.stdout
    assert "senteval-compat" not in done.stdout
