"""One backbone, one budget of texts and operations, the objective of every published encoder.

What comes out is our re-training of a recipe, never the authors' model.
"""
