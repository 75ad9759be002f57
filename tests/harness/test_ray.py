"""A plan on a Ray cluster of two workers leaves the records that it leaves in one process."""

import logging
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from affectbench_sample import LETTERS

from harness.evaluation import RunOptions, plan, run
from harness.progress import Progress
from harness.ray import measure
from harness.record import ResultStore

ENCODER = """
import os, signal
from pathlib import Path
import numpy as np
from harness import EncoderCard

class Made:
    card = EncoderCard(name="made", family="floor", training_data=())
    fingerprint = "made-1"

    def encode(self, texts):
        {behaviour}
        return np.array([[len(t), t.count("e"), t.count("a"), 1] for t in texts], dtype=np.float32).reshape(-1, 4)
"""


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two workers; runs use the connection that is there."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'affectbench[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        # A busy machine may need longer to start Ray's own processes than it expects.
        patch.setenv("RAY_agent_register_timeout_ms", "300000")
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


def measured(directory, *models, engine=None):
    """Records of the sample, without what differs from run to run; and what the run said."""
    tasks = {"suite": "sample", "tasks": ["geometry", "valence-arousal"]}
    options = RunOptions(models=models, **tasks, results_dir=directory, cache_dir=directory / "cache")
    progress = Progress()
    records = run(plan(options), progress, engine)
    assert sorted(map(str, (r.key for r in records))) == sorted(str(r.key) for r in ResultStore(directory))
    return [replace(r, timings={}, created="", environment={}) for r in records], progress


@pytest.fixture
def encoder(tmp_path):
    def write(behaviour):
        path = tmp_path / "made.py"
        path.write_text(ENCODER.format(behaviour=behaviour))
        return f"{path}:Made"

    return write


@pytest.mark.slow
def test_the_records_are_those_of_one_process(cluster, tmp_path):
    here, _ = measured(tmp_path / "here", "lexicon", LETTERS)
    there, _ = measured(tmp_path / "there", "lexicon", LETTERS, engine=measure)
    assert here == there
    again, progress = measured(tmp_path / "there", "lexicon", LETTERS, engine=measure)
    assert (again, progress.known) == (here, 4)


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(cluster, encoder, tmp_path):
    once = f"p = Path({str(tmp_path / 'died')!r}); p.exists() or (p.touch(), os.kill(os.getpid(), signal.SIGKILL))"
    there, _ = measured(tmp_path / "there", encoder(once), engine=measure)
    (tmp_path / "died").touch()
    here, _ = measured(tmp_path / "here", encoder(once))
    assert here == there


@pytest.mark.slow
def test_a_model_whose_workers_always_die_fails_alone(cluster, encoder, tmp_path):
    dies = encoder("os.kill(os.getpid(), signal.SIGKILL)")
    records, _ = measured(tmp_path / "r", dies, "lexicon", engine=measure)
    assert [record.status for record in records] == ["failed", "failed", "ok", "ok"]
    assert records[0].failure.kind == "WorkerLost"


@pytest.mark.slow
def test_workers_import_nothing_from_the_working_directory(tmp_path):
    pytest.importorskip("ray")
    for name in ("socket", "pickle", "locale", "numpy"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'somebody-ran-it')!r}, 'w')\n")
    options = ("-m", "lexicon", "--suite", "sample", "-t", "geometry", "--engine", "ray", "--workers", "1")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness.cli", "run", *options, "--results-dir", "r", "--cache-dir", "c"],
        cwd=tmp_path,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "somebody-ran-it").exists()
    assert [record.status for record in ResultStore(tmp_path / "r")] == ["ok"]
