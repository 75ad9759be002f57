"""Has a model seen the texts that it is scored on? By the names on its card, and by texts where they are at hand.

judge(("rotten_tomatoes",), "sst5")                     # by names: overlap, SST is made of MR's sentences
overlap(Evaluated(texts), TrainingTexts("mr", mine))    # by texts: which rows are the same, or share a sentence
judge_by_text(judgement, "test", findings)              # both together
"""

from harness.contamination.evidence import (
    Finding,
    TextEvidence,
    apply_evidence,
    judge_by_text,
    read_evidence,
    write_evidence,
)
from harness.contamination.judgement import BASES, STATES, Judgement, Match, conclude, identify, inherited, judge
from harness.contamination.overlap import (
    TELLING,
    Evaluated,
    Overlap,
    TrainingTexts,
    exact_form,
    normal_form,
    overlap,
    text_hash,
)

__all__ = [
    "BASES",
    "STATES",
    "TELLING",
    "Evaluated",
    "Finding",
    "Judgement",
    "Match",
    "Overlap",
    "TextEvidence",
    "TrainingTexts",
    "apply_evidence",
    "conclude",
    "exact_form",
    "identify",
    "inherited",
    "judge",
    "judge_by_text",
    "normal_form",
    "overlap",
    "read_evidence",
    "text_hash",
    "write_evidence",
]
