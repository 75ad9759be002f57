"""Join what names say with what texts show.

Names come first and are never overruled where the corpus itself is declared: a model that was trained on EmoBank's
training split is marked on its test split, whatever its texts are. Otherwise texts decide where they are known:

* a shared text makes an overlap, whatever the names say (basis `text`, or the counts of a `descent`);
* a `descent` or `source` whose training texts were all compared and of which none is shared, is taken back: whoever
  trains on MR without SST's sentences is not marked on SST;
* a training set of which no text is at hand is judged by its name alone;
* unknown stays unknown unless a shared text shows the overlap: that some texts are clean says nothing of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.contamination.judgement import Judgement, Match, conclude
from harness.contamination.overlap import Overlap, TrainingTexts


@dataclass(frozen=True)
class Finding:
    """One training set, looked up in one evaluation set."""

    training: TrainingTexts
    overlap: Overlap


def judge_by_text(
    by_name: Judgement, part: str, findings: Sequence[Finding], not_compared: dict[str, str] | None = None
) -> Judgement:
    """Say whether a model has seen the texts of an evaluation set, by names and texts.

    Args:
        by_name: the answer of `judge`.
        part: which part of the corpus is scored: `test`, `all`.
        findings: the training sets whose texts were compared.
        not_compared: training set → why its texts were not.

    Returns:
        The answer; its evidence has `texts` as well: `compared`, `not_compared`, and the counts of all together.
    """
    evidence = by_name.evidence
    covering: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in finding.training.covers:
            covering.setdefault(name, []).append(finding)
    matches: list[Match] = []
    notes: list[dict[str, Any]] = list(evidence.get("notes", ()))
    counted: set[int] = set()
    for match in map(Match.from_record, evidence.get("matches", ())):
        compared = covering.get(match.trained_on, [])
        if not compared or match.basis == "declared" or any(finding.overlap.marks for finding in compared):
            # Counts of the published files give way to those of the very texts, if these are of this set alone.
            own = [finding for finding in compared if finding.training.covers == (match.trained_on,)]
            if own and evidence["corpus"] == match.evaluated:
                matches.append(replace(match, counts=own[0].overlap.counts(part)))
                counted.update(map(id, own))
            else:
                matches.append(match)
        else:
            text = f"{match.why}, but none of the training texts is evaluated"
            notes.append({"trained_on": match.trained_on, "kind": "texts compared", "text": text})
    matches += [
        Match(
            trained_on=finding.training.name,
            evaluated=evidence["corpus"],
            basis="text",
            why="training texts are evaluated",
            part=finding.training.part,
            counts=finding.overlap.counts(part),
        )
        for finding in findings
        if finding.overlap.marks and id(finding) not in counted
    ]
    judged = conclude(evidence["corpus"], evidence["declared"] or (), matches, notes)
    texts = {
        "compared": [finding.training.name for finding in findings],
        "not_compared": dict(not_compared or {}),
    }
    declared = evidence["declared"]
    if judged.state == "clean" and by_name.state == "unknown":
        return Judgement("unknown", {**evidence, "texts": texts})
    basis = judged.evidence["basis"] if matches or declared is not None else evidence["basis"]
    return Judgement(judged.state, {**judged.evidence, "basis": basis, "declared": declared, "texts": texts})
