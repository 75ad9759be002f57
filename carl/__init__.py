"""CARL: continuous adversarial representation learning for affect (arXiv 2502.20613), and its trainer."""
