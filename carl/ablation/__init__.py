"""Ablation arms, several seeds each, trained alike and compared in one table.

`plan` says which runs there are, `running` does them, `evaluation` scores an encoder through the harness, `results`
keeps what a run gave, `table` compares. Unlike the rest of this package, which brings encoders to the harness, it uses
the harness as a researcher would: it stands above its runner.
"""
