"""Intervals, tests between models, corrections for many tests, ranks with ties, several seeds.

Everything about one number goes through a weighted form of its metric (`harness.metrics`): the number itself and its
bootstrap (`bootstrap`, `scores`), its differences between models and their ranks (`differences`), the noise ceiling of
its labels (`ceiling`). `benchmarks/coverage.py` checks the coverage of the intervals by simulation.
"""
