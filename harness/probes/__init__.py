"""Probes of frozen embeddings: arrays in, numbers out, one file a probe.

`logistic` (whole grids of folds and C at once), `linear` (least squares and ridge), `senteval_adam` (SentEval's Adam
procedure), `neighbours` (nearest neighbours, retrieval, k-means), `geometry`.
"""
