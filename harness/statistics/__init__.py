"""Intervals, tests between models, corrections for many tests, several seeds.

Everything about one number goes through a weighted form of its metric (`harness.metrics`): the number itself and its
bootstrap (`bootstrap`, `scores`), its differences between models (`differences`), the noise ceiling of
its labels (`ceiling`). `benchmarks/coverage.py` checks the coverage of the intervals by simulation.
"""
