"""A plan on a Ray cluster of two workers leaves the records that it leaves in one process."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.engines import RayEngine
from harness.errors import UsageError

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'affectbench[ray]'")


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two workers; engines use the connection that is there."""
    with pytest.MonkeyPatch.context() as patch:
        # A busy machine may need longer to start Ray's own processes than it expects.
        patch.setenv("RAY_agent_register_timeout_ms", "300000")
        # Nothing is told to anybody, and workers find this checkout wherever the tests were started.
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=100 * 2**20,
        )
        yield
        ray.shutdown()


@pytest.mark.usefixtures("cluster")
class TestOnTwoWorkers:
    def test_the_records_are_those_of_one_process(self, runs, same, tiny_model):
        models = ["lexicon", "tfidf-svd", tiny_model]
        tasks = ["geometry", "valence-arousal"]
        records, told = runs.run("ray", *models, engine=RayEngine(workers=2), tasks=tasks)
        assert {record.status for record in records} == {"ok"}
        assert told.done == len(records) == 6
        runs.run("here", *models, tasks=tasks)
        same("ray", "here")
        assert runs.left("ray") == []
        again, told = runs.run("ray", *models, engine=RayEngine(workers=2), tasks=tasks)
        assert (again, told.skipped) == (records, 6)

    def test_a_worker_that_is_killed_changes_nothing_but_time(self, runs, encoder, same):
        _, told = runs.run("ray", encoder("dies once"), engine=RayEngine(workers=2))
        assert any("done again" in notice for notice in told.notices)
        runs.run("here", encoder("calm"))
        same("ray", "here")

    def test_a_unit_whose_workers_always_die_fails_alone(self, runs, encoder):
        records, _ = runs.run("ray", encoder("dies"), "lexicon", engine=RayEngine(workers=2))
        assert [record.status for record in records] == ["failed", "ok"]
        assert records[0].failure.kind == "WorkerLost"
        assert runs.left("ray") == []

    def test_a_hanging_encoder_is_stopped(self, runs, encoder):
        records, _ = runs.run("ray", encoder("hangs"), engine=RayEngine(workers=2), unit_timeout=3.0)
        assert [record.failure.kind for record in records] == ["TimeLimit"]

    def test_a_large_task_is_divided_among_the_workers(self, runs, encoder, tmp_path):
        records, _ = runs.run("ray", encoder("leaves a trace", parameters=10**12), engine=RayEngine(workers=2))
        assert {record.status for record in records} == {"ok"}
        traces = [path for path in tmp_path.glob("trace-*") if path.stat().st_size]
        assert len({path.name.split("-")[1] for path in traces}) == 2
        texts = [text for path in traces for text in path.read_text("utf-8").split("\n")]
        assert len(texts) == len(set(texts)) == 500

    def test_a_command_finds_the_cluster_that_runs(self, tmp_path):
        arguments = ["run", "-m", "lexicon", "--suite", "sample", "-t", "geometry", "--engine", "ray"]
        places = ["--results-dir", str(tmp_path / "r"), "--cache-dir", str(tmp_path / "c")]
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *arguments, "--address", "auto", *places],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "1 of 1 units ended" in done.stderr
        assert len(list((tmp_path / "r" / "records" / "lexicon").glob("*.json"))) == 1

    def test_an_interrupt_ends_the_run_with_the_command_to_go_on(self, encoder, tmp_path):
        arguments = ["run", "-m", "lexicon", "-m", encoder("hangs"), "--suite", "sample", "-t", "geometry"]
        places = ["--results-dir", str(tmp_path / "r"), "--cache-dir", str(tmp_path / "c")]
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *arguments, "--engine", "ray", "--address", "auto", *places],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "geometry/sample" in line:  # the other model's only unit is done
                break
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 130, stderr
        assert "interrupted after 1 of 2 units" in stderr
        assert [path.name for path in (tmp_path / "r" / "records").iterdir()] == ["lexicon"]


def test_what_has_no_name_cannot_be_done_elsewhere(runs):
    from harness.registry import EncoderPlugin, find_encoder

    encoder = find_encoder("lexicon").create()
    with pytest.raises(UsageError, match="workers cannot make mine"):
        runs.run("ray", EncoderPlugin("mine", encoder.card, lambda: encoder), engine=RayEngine())


@pytest.fixture
def tiny_model(tmp_path: Path) -> str:
    """The directory of a tiny BERT with random weights."""
    import importlib.util

    path = Path(__file__).parents[2] / "tiny_checkpoints.py"
    spec = importlib.util.spec_from_file_location("tiny_checkpoints", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("tiny_checkpoints", module)
    spec.loader.exec_module(module)
    directory = tmp_path / "tiny"
    directory.mkdir()
    network = module.tiny_bert(vocabulary=module.write_wordpiece(directory))
    module.write_weights(directory / "model.safetensors", network.state("bert."))
    module.write_config(directory / "config.json", network.config)
    return str(directory)
