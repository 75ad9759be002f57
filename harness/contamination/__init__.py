"""Has a model seen the texts that it is scored on? By the names on its card, and by texts where they are at hand.

judge(("rotten_tomatoes",), "sst5")                     # by names: overlap, SST is made of MR's sentences
overlap(Evaluated(texts), TrainingTexts("mr", mine))    # by texts: which rows are the same, or nearly
judge_by_text(judgement, "test", findings)              # both together
"""

from harness.contamination.by_text import Finding, judge_by_text
from harness.contamination.evidence import TextEvidence, apply_evidence, read_evidence, write_evidence
from harness.contamination.judgement import BASES, STATES, Judgement, Match, conclude, identify, inherited, judge
from harness.contamination.near import near_duplicates
from harness.contamination.normal_form import exact_form, normal_form, text_hash
from harness.contamination.overlap import TELLING, Evaluated, Overlap, TrainingTexts, overlap
from harness.contamination.training import declared_texts, training_file

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
    "declared_texts",
    "exact_form",
    "identify",
    "inherited",
    "judge",
    "judge_by_text",
    "near_duplicates",
    "normal_form",
    "overlap",
    "read_evidence",
    "text_hash",
    "training_file",
    "write_evidence",
]
