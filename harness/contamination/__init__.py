"""Has a model seen the texts that it is scored on? By the names on its card, and by texts where they are at hand.

judge(("rotten_tomatoes",), "sst5")                     # by names: overlap, SST is made of MR's sentences
overlap(Evaluated(texts), TrainingTexts("mr", mine))    # by texts: which rows are the same, or share a sentence
judge(names, "sst5", part="test", findings=findings)    # both together
"""

from harness.contamination.evidence import TextEvidence, apply_evidence, read_evidence, write_evidence
from harness.contamination.judgement import Finding, identify, in_words, inherited, judge
from harness.contamination.overlap import Evaluated, Overlap, TrainingTexts, overlap, text_hash

__all__ = [
    "Evaluated",
    "Finding",
    "Overlap",
    "TextEvidence",
    "TrainingTexts",
    "apply_evidence",
    "identify",
    "in_words",
    "inherited",
    "judge",
    "overlap",
    "read_evidence",
    "text_hash",
    "write_evidence",
]
