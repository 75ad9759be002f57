"""One backbone, one text budget, every recipe: the objectives of published encoders, trained alike.

`catalogue` lists the recipes, `objectives/` holds one loss a module, `data` the texts and their labels, `budget` what
a recipe may spend, `trainer` puts an objective into the loop that CARL's own trainer runs, `sweep` trains all.
What comes out is called our re-training, never the authors' model.
"""
