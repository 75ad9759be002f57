"""`bench perf`: how fast this harness is on this machine, beside what is commonly used for the same.

Every number is taken side by side: contestants take turns in one process, and what is reported is the ratio of
their medians. A row of the table says what was measured, against what, and what this harness promises.
"""
