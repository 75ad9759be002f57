"""Two processes on a CPU train as one process does on the whole batch."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from carl.batches import collate
from carl.configurations import configuration
from carl.curves import read_curves
from carl.distributed import Part, SharedBatchNorm, Team, share_batch_norm, team_of_processes
from carl.model import projection_head
from carl.trainer import Trainer
from harness.errors import UsageError

HELPERS = importlib.util.spec_from_file_location("two_processes", Path(__file__).with_name("two_processes.py"))
two_processes = importlib.util.module_from_spec(HELPERS)
HELPERS.loader.exec_module(two_processes)

#: Dropout off: processes draw it for themselves.
SETTINGS = {
    "batch-norm": ["attacked_texts=0.6"],
    "layer-norm": ["projection_norm=layer", "similarity=cosine", "accumulation=2"],
    "random-tokens": ["selection=random", "token_texts=0.3", "form=kl"],
    "no-ptd": ["lambda_ptd=0", "projection_norm=none"],
    "no-mccl": ["lambda_mccl=0"],
    "teacher": ["teacher=lexicon", "lambda_teacher=0.5"],
}


def configs(config):
    common = ("dropout=0", "steps=4", "log_every=1", "precision=float32", "learning_rate=0.1")
    return {name: config.changed([*common, *settings]) for name, settings in SETTINGS.items()}


@pytest.fixture(scope="module")
def trained(bert_directory, source, tmp_path_factory):
    """The directory in which two processes have done all runs, stopped and resumed after two steps."""
    small = ("batch=16", "max_length=32", "projection_hidden=32", "projection_size=16", "head_learning_rate=0.1")
    config = configuration("carl-minilm").changed(small)
    directory = tmp_path_factory.mktemp("two-processes")
    task = directory / "task.json"
    runs = {name: run.as_dict() for name, run in configs(config).items()}
    task.write_text(
        json.dumps(
            {
                "texts": source.texts,
                "labels": source.labels.tolist(),
                "backbone": str(bert_directory),
                "until": [2, None],
                "runs": runs,
            }
        )
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    script = Path(__file__).with_name("two_processes.py")
    started = [
        subprocess.Popen(
            [sys.executable, script, task],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    complaints = [process.communicate(timeout=300)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], "\n".join(complaints)
    return directory, config


@pytest.mark.parametrize("name", SETTINGS)
def test_two_processes_end_where_one_does(trained, bert, source, tmp_path, name):
    directory, config = trained
    alone = two_processes.with_plain_descent(Trainer(configs(config)[name], bert, [source], tmp_path))
    before = {key: tensor.clone() for key, tensor in alone.model.state_dict().items()}
    assert alone.run()
    found = [torch.load(directory / name / f"weights-{rank}.pt") for rank in range(2)]
    for key, expected in alone.model.state_dict().items():
        assert torch.equal(found[0][key], found[1][key]), key
        moved = (expected - before[key]).abs().max() if expected.is_floating_point() else 0
        assert torch.allclose(found[0][key], expected, rtol=1e-4, atol=max(1e-3 * float(moved), 1e-7)), key
    lines, together = (read_curves(path / "training/curves.jsonl") for path in (tmp_path, directory / name))
    assert [line["step"] for line in together] == [1, 2, 3, 4]
    for line, other in zip(lines, together, strict=True):
        assert other["loss"] == pytest.approx(line["loss"], rel=1e-4)
        assert other["effective_rank"] == pytest.approx(line["effective_rank"], rel=1e-3)
        assert other["gradient_norm"] == pytest.approx(line["gradient_norm"], rel=1e-3)


def test_the_first_process_alone_writes_the_checkpoint(trained):
    for name in SETTINGS:
        assert json.loads((trained[0] / name / "training.json").read_text())["step"] == 4


def test_parts_make_up_the_batch(bert, source):
    items = [bert.tokenizer.encode(text).ids for text in source.texts[:6]]
    batch = collate(
        [np.array(item, np.int32) for item in items], source.labels[:6], padding=0, special=frozenset({2, 3})
    )
    parts = [Team(rank, 3).part(batch) for rank in range(3)]
    assert torch.equal(torch.cat([part.own.ids for part in parts]), batch.ids)
    assert torch.equal(torch.cat([part.pick(batch.labels) for part in parts]).nan_to_num(), batch.labels.nan_to_num())
    chosen = torch.tensor([5, 0, 3])
    assert [part.places(chosen).tolist() for part in parts] == [[0], [1], [1]]
    assert Part(batch).places(chosen).tolist() == [5, 0, 3]
    assert Part(batch).own is batch


def test_shared_normalisation_keeps_names_and_is_plain_outside_training():
    torch.manual_seed(0)
    head = projection_head(8, 6, 4, "batch").eval()
    x = torch.randn(5, 8)
    names, expected = list(head.state_dict()), head(x)
    share_batch_norm(head)
    assert isinstance(head[1], SharedBatchNorm)
    assert list(head.state_dict()) == names
    assert torch.equal(head(x), expected)


def test_alone_there_is_nobody_to_wait_for(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with team_of_processes("cpu") as (team, device):
        assert (team, device, team.leads) == (Team(), "cpu", True)
        team.wait()
        tensor = torch.ones(2)
        assert team.sum(tensor) is tensor
        assert team.gather(tensor) is tensor
        assert team.any(True, torch.device("cpu"))


@pytest.mark.parametrize(("batch", "size"), [(16, 3), (16, 16)])
def test_a_batch_that_cannot_be_shared_is_refused(bert, source, config, tmp_path, batch, size):
    with pytest.raises(UsageError, match="cannot share a batch of 16 texts"):
        Trainer(config.changed([f"batch={batch}"]), bert, [source], tmp_path, team=Team(0, size))
