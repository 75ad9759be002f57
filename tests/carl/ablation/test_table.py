"""The table: means, standard errors, paired differences, and the paper's numbers beside them."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest

from carl.ablation.plan import ablation_plan
from carl.ablation.results import RunResult
from carl.ablation.table import CSV_COLUMNS, AblationTable
from carl.configurations import configuration

MR, EMOBANK = "polarity/mr/senteval-lr/1", "valence-arousal/emobank/official/1"


def result(run, accuracy, r):
    return RunResult(
        arm=run.arm,
        seed=run.seed,
        status="ok",
        config=run.config.as_dict(),
        development={"score": r / 2},
        tasks={
            MR: {"status": "ok", "metrics": {"accuracy": {"value": accuracy, "low": None, "high": None}}},
            EMOBANK: {
                "status": "ok",
                "metrics": {"valence.mae": {"value": 0.1}, "valence.pearson": {"value": r, "low": None, "high": None}},
            },
        },
    )


@pytest.fixture
def table(tmp_path):
    plan = ablation_plan(configuration("carl-minilm"), ["full", "no-ptd", "cosine", "no-target"], 3, tmp_path)
    generator = np.random.default_rng(0)
    results = {
        run: result(run, float(generator.uniform(0.7, 0.9)), float(generator.uniform(0.5, 0.7))) for run in plan.runs
    }
    return AblationTable(plan, results, (EMOBANK, MR))


def rows(text):
    """Cells of the first table by name of the row."""
    lines = [line.strip("|").split("|") for line in text.split("##")[0].splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def accuracies(table, arm):
    return np.array([r.tasks[MR]["metrics"]["accuracy"]["value"] for run, r in table.results.items() if run.arm == arm])


def test_means_with_standard_errors_over_seeds(table):
    found = rows(table.markdown())
    assert found["arm"] == ["seeds", "development", "EmoBank valence r", "MR Acc."]
    values = 100 * accuracies(table, "no-ptd")
    error = values.std(ddof=1) / math.sqrt(3)
    assert found["no-ptd"][0] == "3"
    assert found["no-ptd"][3] == f"{values.mean():.2f} ± {error:.2f}"
    assert "±" not in "".join(found["before"])


def test_differences_are_paired_by_seed(table):
    part = table.markdown().split("## Difference to `full`")[1]
    values = 100 * (accuracies(table, "no-target") - accuracies(table, "full"))
    expected = f"{values.mean():+.2f} ± {values.std(ddof=1) / math.sqrt(3):.2f}"
    line = next(line for line in part.splitlines() if line.startswith("| no-target"))
    assert expected in line
    assert "| full" not in part
    assert "| before" not in part


def test_the_paper_s_numbers_stand_beside_the_arms_they_belong_to(table):
    text = table.markdown()
    found = rows(text)
    names = list(found)
    assert found["*CARL (BERT), published*"][2:] == ["0.72†", "86.59"]
    assert names.index("*CARL (BERT), published*") == names.index("full") + 1
    assert found["*w/o TP (BERT), published*"][3] == "82.21"
    assert "*Base RWA (BERT), published*" in found
    assert "the paper does not say" in text
    assert "† of the paper's pooled corpora" in text
    roberta = ablation_plan(configuration("carl-roberta"), ["full"], 1, table.plan.runs[0].directory)
    of_roberta = AblationTable(roberta, {run: result(run, 0.8, 0.6) for run in roberta.runs}, (MR,))
    assert rows(of_roberta.markdown())["*CARL (RoBERTa), published*"][2] == "88.49"


def test_arms_without_runs_failures_and_gaps_are_said(table):
    runs = table.plan.runs
    results = {run: found for run, found in table.results.items() if run.seed == 0}
    broken = next(run for run in runs if run.arm == "no-ptd" and run.seed == 0)
    results[broken] = RunResult(arm="no-ptd", seed=0, status="failed", config={}, error="RuntimeError: no memory")
    lacking = {**results[runs[0]].tasks, MR: {"status": "data-missing", "message": "mr is nowhere"}}
    results[runs[0]] = replace(results[runs[0]], tasks=lacking)
    text = AblationTable(table.plan, results, (EMOBANK, MR)).markdown()
    assert "`cosine` is the same as `full`" in text
    assert "FAILED: no-ptd, seed 0: RuntimeError: no memory" in text
    assert f"{MR}: data-missing: mr is nowhere" in text
    assert "6 of 10 runs have not ended yet" in text
    assert rows(text)["before"][3] == "–"
    assert "no-ptd" not in rows(text)


def test_the_csv_holds_full_precision(table):
    lines = list(csv.DictReader(io.StringIO(table.csv())))
    assert tuple(lines[0]) == CSV_COLUMNS
    row = next(line for line in lines if (line["arm"], line["source"]) == ("no-ptd", MR))
    assert float(row["mean"]) == pytest.approx(accuracies(table, "no-ptd").mean(), abs=1e-15)
    differences = accuracies(table, "no-ptd") - accuracies(table, "full")
    assert float(row["difference_to_full"]) == pytest.approx(differences.mean(), abs=1e-15)
    assert float(row["difference_standard_error"]) == pytest.approx(differences.std(ddof=1) / math.sqrt(3), abs=1e-15)
    assert (row["published_as"], row["published"]) == ("w/o TP (BERT)", "82.21")
    before = next(line for line in lines if line["arm"] == "before")
    assert (before["standard_error"], before["difference_to_full"], before["published"]) == ("", "", "")


def test_nothing_yet_is_no_table(table):
    text = AblationTable(table.plan, {}, (MR,)).markdown()
    assert "10 of 10 runs have not ended yet" in text
    assert "|" not in text
