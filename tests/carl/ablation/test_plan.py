"""Which runs an ablation has."""

import pytest

from carl.ablation.plan import BEFORE, ablation_plan
from carl.configurations import ARMS, configuration
from harness.errors import UsageError


def test_arms_by_seeds_and_the_backbone_first(tmp_path):
    base = configuration("carl-minilm").changed(["batch=16"])
    plan = ablation_plan(base, ["full", "no-ptd", "slow-target"], 2, tmp_path)
    assert [(run.arm, run.seed) for run in plan.runs] == [
        (BEFORE, 0),
        *((arm, seed) for seed in (0, 1) for arm in ("full", "no-ptd", "slow-target")),
    ]
    last = plan.runs[-1]
    assert (last.config.name, last.config.seed, last.config.momentum) == ("carl-minilm-slow-target", 1, 0.9996)
    assert last.config.batch == 16
    assert len({run.directory for run in plan.runs}) == len(plan.runs)
    assert plan.arms == (BEFORE, "full", "no-ptd", "slow-target")


def test_an_arm_that_changes_nothing_needs_no_runs_of_its_own(tmp_path):
    plan = ablation_plan(configuration("carl-minilm-plus"), [], 1, tmp_path)
    assert plan.same["euclidean"] == "full"
    assert "euclidean" not in plan.arms
    assert set(plan.arms) | set(plan.same) == {BEFORE, *ARMS}
    assert "euclidean" in ablation_plan(configuration("carl-minilm"), [], 1, tmp_path).arms


def test_unknown_arms_are_refused(tmp_path):
    with pytest.raises(UsageError, match="did you mean no-ptd"):
        ablation_plan(configuration("carl-minilm"), ["no-pdt"], 1, tmp_path)
    with pytest.raises(UsageError, match="named twice"):
        ablation_plan(configuration("carl-minilm"), ["full", "full"], 1, tmp_path)
