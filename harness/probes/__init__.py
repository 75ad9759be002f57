"""Linear probes and geometry of embeddings: arrays in, numbers out.

Each module stands alone: `logistic` (binary and multinomial logistic regression, whole folds and grids at once),
`least_squares`, `ridge`, `geometry`, and `senteval_compat` (the Adam procedure of SentEval). The functions accept
NumPy arrays and torch tensors of any device.
"""
