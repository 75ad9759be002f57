"""Texts with labels: published corpora, rated reviews, and texts without any."""
