"""What each of several processes does in `test_distributed.py`: train a few steps on made-up texts."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from carl.backbone import read_start
from carl.config import Config
from carl.distributed import team_of_processes
from carl.label_source import LabelSource
from carl.optimiser import parameter_groups
from carl.trainer import Trainer


def with_plain_descent(trainer: Trainer) -> Trainer:
    """AdamW makes whole steps of gradients that are 0 but for rounding, such as those of biases before a norm."""
    trainer.optimiser = torch.optim.SGD(parameter_groups(trainer.model, trainer.config), lr=0.1)
    return trainer


def main(task: Path) -> None:
    given = json.loads(task.read_text())
    labels = np.array(given["labels"], np.float32)
    source = LabelSource(name="made-up", title="Made up", licence="none", texts=tuple(given["texts"]), labels=labels)
    start = read_start(given["backbone"])
    with team_of_processes("cpu") as (team, device):
        for name, settings in given["runs"].items():
            config = Config.from_dict(settings)
            output = task.parent / name
            for until in given["until"]:
                trainer = with_plain_descent(Trainer(config, start, [source], output, device=device, team=team))
                trainer.run(until=until)
                team.wait()
            torch.save(trainer.model.state_dict(), output / f"weights-{team.rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
