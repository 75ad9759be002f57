"""How much arithmetic a step takes, counted from the sizes: multiplications and additions of useful tokens alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.transformer.shape import Shape

if TYPE_CHECKING:
    from carl.pretraining.batching import Work

#: Forward and backward in multiples of the forward pass.
_TRAINING = 3


def forward_operations(shape: Shape, tokens: int, pairs: int) -> int:
    """Floating-point operations of the layers for some texts (matrix products only).

    Args:
        shape: of the encoder.
        tokens: of all texts.
        pairs: sum over texts of tokens squared, for attention within each.

    >>> shape = Shape(architecture="roberta", hidden=4, layers=2, heads=1, intermediate=16, vocabulary=9, positions=9,
    ...               types=1, epsilon=1e-5, activation="gelu", padding=1)
    >>> forward_operations(shape, tokens=10, pairs=100)  # 2 · 2 · (4·4·4 + 2·4·16) · 10 + 2 · 4 · 4 · 100
    10880
    """
    d = shape.hidden
    dense = 4 * d * d + 2 * d * shape.intermediate
    return shape.layers * (2 * dense * tokens + 4 * d * pairs)


def step_operations(student: Shape, teacher: Shape | None, work: Work, masked: int) -> int:
    """Operations of one batch: the student forward and backward, the masked-LM head, and the teacher forward.

    Args:
        student: shape.
        teacher: shape, None without distillation.
        work: tokens of the batch.
        masked: tokens that are predicted.
    """
    d = student.hidden
    trained = forward_operations(student, work.tokens, work.pairs) + 2 * masked * (d * d + d * student.vocabulary)
    taught = forward_operations(teacher, work.teacher_tokens, work.teacher_pairs) if teacher is not None else 0
    return _TRAINING * trained + taught
