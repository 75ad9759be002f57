"""Losses of the recipes, with their heads."""
