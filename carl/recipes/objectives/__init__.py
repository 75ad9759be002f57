"""The losses, one module each; `base` says what an objective is."""
