"""Which runs an ablation consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from carl.config import Config
from carl.configurations import ARMS
from harness.errors import UsageError, unknown_name

#: The row of the backbone as it is, before any training.
BEFORE = "before"

#: The arm that the others are compared with.
FULL = "full"


@dataclass(frozen=True)
class ArmRun:
    """One arm trained with one seed, or the backbone before any training."""

    arm: str
    seed: int
    config: Config
    directory: Path
    """Gets the checkpoint while it is needed, the curves and the result."""


@dataclass(frozen=True)
class AblationPlan:
    """All runs, and the arms that need none of their own."""

    base: Config
    runs: tuple[ArmRun, ...]
    """The backbone first, then seed by seed, so that the first seed alone gives a whole table."""
    same: dict[str, str]
    """Arm → the arm that it equals under this configuration: `euclidean` where that is the similarity anyway."""

    @property
    def arms(self) -> tuple[str, ...]:
        """Rows of the table that have runs, in order."""
        return tuple(dict.fromkeys(run.arm for run in self.runs))


def ablation_plan(base: Config, arms: Sequence[str], seeds: int, output: Path) -> AblationPlan:
    """Plan an ablation.

    Args:
        base: what the arms change.
        arms: names from `configurations.ARMS`; none for all.
        seeds: how many, from the configuration's own on.
        output: its directory.

    Raises:
        UsageError: no such arm, or one twice.
    """
    chosen = list(arms) or list(ARMS)
    for arm in chosen:
        if arm not in ARMS:
            raise unknown_name("ablation arm", arm, list(ARMS))
    if len(set(chosen)) < len(chosen):
        raise UsageError(f"an arm is named twice in {', '.join(chosen)}")
    same: dict[str, str] = {}
    configs: dict[str, Config] = {}
    for arm in chosen:
        config = replace(base, **ARMS[arm])
        twin = next((other for other, existing in configs.items() if existing == config), None)
        if twin is None:
            configs[arm] = config
        else:
            same[arm] = twin
    runs = [ArmRun(BEFORE, base.seed, base, output / "runs" / BEFORE)]
    runs += [
        ArmRun(
            arm,
            seed,
            replace(config, name=f"{base.name}-{arm}", seed=seed),
            output / "runs" / f"{arm}-s{seed}",
        )
        for seed in range(base.seed, base.seed + seeds)
        for arm, config in configs.items()
    ]
    return AblationPlan(base, tuple(runs), same)
