"""Contrastive losses on cosines, and the objectives made of them: SimCSE, SentiCSE, SCAPT."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from carl.networks import Encoder, Tokens
from carl.recipes.data import RecipeData
from carl.recipes.objectives.base import Batch, Heads, Setup, balanced_rows, read, vectors, widened
from carl.recipes.objectives.masked import SHARE, MaskedLM, hide, word_table
from carl.training_data import Stream

#: Valence from which on a text is positive, or negative below its opposite.
POLAR = 0.1


def cosines(left: Tensor, right: Tensor) -> Tensor:
    """Cosine of every row of one (n, d) with every row of the other (m, d), in at least float32."""
    # Divided by a small temperature, bfloat16's three digits would be too few.
    with torch.autocast(left.device.type, enabled=False):
        return functional.normalize(widened(left), dim=-1) @ functional.normalize(widened(right), dim=-1).T


def info_nce(anchors: Tensor, candidates: Tensor, temperature: float) -> Tensor:
    """Cross entropy of finding one's own partner among all candidates (Gao et al. 2021, SimCSE, equation 1).

        L = −mean_i log( exp(cos(a_i, c_i) / τ) / Σ_j exp(cos(a_i, c_j) / τ) )

    Args:
        anchors: (n, d).
        candidates: (m, d), m ≥ n; the first n are the partners, further ones hard negatives (equation 5).
        temperature: τ.
    """
    logits = cosines(anchors, candidates) / temperature
    return functional.cross_entropy(logits, torch.arange(len(anchors), device=logits.device))


def supervised_contrastive(rows: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020, equation 2, L_out).

        L = mean over i of −1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(z_i, z_p) / τ) / Σ_{a ≠ i} exp(cos(z_i, z_a) / τ) )

    with P(i) the other texts of i's class; texts alone in their class are left out of the mean.

    Args:
        rows: z (n, d).
        labels: int64 (n,); negative ones are of no class and belong to nobody's P, but are contrasted with.
        temperature: τ.

    Returns:
        Scalar; 0 when no text has a partner.
    """
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    logits = (cosines(rows, rows) / temperature).masked_fill(itself, float("-inf"))
    shares = logits.log_softmax(1).masked_fill(itself, 0.0)
    partners = (labels[:, None] == labels[None]) & ~itself & (labels >= 0)[:, None]
    count = partners.sum(1)
    each = -(shares * partners).sum(1) / count.clamp_min(1)
    return each.sum() / (count > 0).sum().clamp_min(1)


class SimCSE(Heads):
    """Unsupervised SimCSE (Gao et al. 2021, arXiv 2104.08821; princeton-nlp/SimCSE).

    A text is its own partner: two passes of it that differ by dropout, every other text a negative. The dense layer
    with tanh over the vector is trained and then left out, as the authors do.
    """

    TEMPERATURE = 0.05

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.mlp = nn.Linear(setup.width, setup.width)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast`; see `Heads.losses`."""
        once = batch.tokens
        twice = Tokens(*(torch.cat([part, part]) for part in (once.ids, once.mask, once.special)))
        first, second = self.mlp(vectors(encoder, twice)).tanh().chunk(2)
        return {"contrast": info_nce(first, second, self.TEMPERATURE)}


class Scapt(MaskedLM):
    """Supervised contrastive pre-training in the manner of SCAPT (Li et al. 2021, arXiv 2111.02194).

        L = L_SCL(polarity of the review) + L_MLM

    with L_SCL over a 64-dimensional projection; one pass over hidden tokens serves both. The authors add the
    reconstruction of the review and masked aspect words; there are no aspects here and the encoder has no decoder, so
    that masked-LM stands for both. Temperature as in Khosla et al. 2020.
    """

    TEMPERATURE = 0.07

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.project = nn.Linear(setup.width, 64)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """As many texts of praise as of blame."""
        polarity = np.where(data.valence > POLAR, 1, np.where(data.valence < -POLAR, 0, -1))
        return balanced_rows(polarity, batch, number, seed)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `mlm`; see `Heads.losses`."""
        hidden, chosen = hide(batch.ids, SHARE * batch.inner, self.setup, generator)
        states = read(encoder, encoder.words(hidden), batch.tokens.mask)
        projected = self.project(encoder.pool(states, batch.tokens.mask))
        return {
            "contrast": supervised_contrastive(projected, (batch.valence > 0).long(), self.TEMPERATURE),
            "mlm": self.guess(encoder, states, batch.ids, chosen),
        }


class SentiCSE(MaskedLM):
    """SentiCSE (Kim et al. 2024, arXiv 2404.01104; nayohan/SentiCSE): quadruples of two polarities, and word polarity.

    Rows (p0, p1, n0, n1) of two positive and two negative texts, z = tanh-dense of the vector, s = cos / τ:

        L = CE([s(p0_i, p1_i), s(p0_i, n0_j) for all j] + w, 0)
          + CE([s(n1_i, n0_i), s(n1_i, p1_j) for all j] + w, 0) + 0.15 L_word

    with w the same weights on the logits in both halves. Texts of the same polarity are no negatives of each other.
    L_word: tokens of the sentiment vocabulary are hidden with 0.1, and the cross entropy counts where the guessed entry
    has the opposite polarity of the true one. As released, a tenth of the hidden tokens stays as it is and none becomes
    random; here it is 80/10/10. Near-neutral texts are left out.
    """

    WORD_RATE, WORD_WEIGHT = 0.1, 0.15

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.mlp = nn.Linear(setup.width, setup.width)
        self.register_buffer("polarity", setup.polarity, persistent=False)

    def rows(self, data: RecipeData, batch: int, number: int, seed: int) -> NDArray[np.int64]:
        """Quadruples: the first half of the batch is p0 and p1, the second n0 and n1, each half in turn."""
        halves = (np.flatnonzero(sign * data.valence > POLAR) for sign in (1, -1))
        share = 2 * max(batch // 4, 1)
        return np.concatenate([Stream(half, share).batch(number, seed, place) for place, half in enumerate(halves)])

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`contrast` and `words`; see `Heads.losses`."""
        polarity: Tensor = self.polarity  # type: ignore[assignment]
        first = self.mlp(vectors(encoder, batch.tokens)).tanh()
        contrast, _ = quadruple_loss(torch.stack(first.chunk(4), dim=1))
        rates = self.WORD_RATE * (polarity[batch.ids] > 0) * batch.inner
        hidden, chosen = hide(batch.ids, rates, self.setup, generator)
        states = read(encoder, encoder.words(hidden), batch.tokens.mask)
        logits = self.head(states[chosen], word_table(encoder))
        words = opposite_word_loss(logits, batch.ids[chosen], polarity)
        return {"contrast": contrast, "words": self.WORD_WEIGHT * words}


def quadruple_loss(rows: Tensor, temperature: float = 0.05) -> tuple[Tensor, Tensor]:
    """SentiCSE's sentence loss, and the mean of the two halves' logits.

    Args:
        rows: (R, 4, d): p0, p1, n0, n1.
        temperature: τ.

    Returns:
        Scalar and (R, R + 1).
    """
    p0, p1, n0, n1 = rows.unbind(1)
    first, second = (
        torch.cat([cosines(anchor, partner).diagonal()[:, None], cosines(anchor, others)], dim=1) / temperature
        for anchor, partner, others in ((p0, p1, n0), (n1, n0, p1))
    )
    # Added to the logits: 0 to the partner's, 0.5 to the other rows' negatives, 1 to the row's own.
    weights = functional.pad(torch.full((len(rows), len(rows)), 0.5).fill_diagonal_(1.0), (1, 0)).to(first)
    first, second = first + weights, second + weights
    target = torch.zeros(len(rows), dtype=torch.long, device=first.device)
    return functional.cross_entropy(first, target) + functional.cross_entropy(second, target), (first + second) / 2


def opposite_word_loss(logits: Tensor, true: Tensor, polarity: Tensor) -> Tensor:
    """Mean cross entropy over the places where the guess has the opposite polarity; 0 when there is none.

    Args:
        logits: (n, vocabulary).
        true: int64 (n,).
        polarity: int64 (vocabulary,): 1 positive, 2 negative, 0 neither or, in the authors' two-sided list, both.
    """
    found, wanted = polarity[logits.argmax(1)], polarity[true]
    opposite = (found + wanted == 3) & (found > 0) & (wanted > 0)
    each = functional.cross_entropy(widened(logits), true, reduction="none")
    return (each * opposite).sum() / opposite.sum().clamp_min(1)
