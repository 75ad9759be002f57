"""Objectives that hide tokens: masked-LM, ELECTRA, BERT-PT, SentiX, SentiLARE.

    L_MLM = −mean over hidden t of log softmax(E · LN(gelu(W h_t)) + b)[x_t]        (Devlin et al. 2019)

with E the word embeddings (tied). The published sentiment encoders differ from it in the rate of each token.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from carl.networks import Encoder
from carl.recipes.objectives.base import Batch, Heads, Setup, mean_cross_entropy, read, widened
from carl.recipes.words import NEGATIVE, OTHER, POSITIVE, is_emoticon, is_first, part_of, polarity_of

#: Share of tokens that are hidden where all are alike.
SHARE = 0.15

#: Classes of a rating, as stars.
STARS = 5


def hide(
    ids: Tensor,
    rates: Tensor,
    setup: Setup,
    generator: torch.Generator,
    *,
    to_mask: float = 0.8,
    to_random: float = 0.1,
) -> tuple[Tensor, Tensor]:
    """Choose each token by itself with its own rate, and hide it.

    Args:
        ids: (B, T).
        rates: (B, T) in [0, 1]; 0 for special and padding tokens.
        setup: mask token and vocabulary.
        generator: on the CPU.
        to_mask: share of the chosen tokens that become the mask token.
        to_random: share that becomes a random entry; the rest stays as it is.

    Returns:
        What the encoder reads, int64 (B, T), and the tokens to be guessed, bool (B, T).
    """
    chosen = (torch.rand(ids.shape, generator=generator) < rates.cpu()).to(ids.device)
    fate = torch.rand(ids.shape, generator=generator).to(ids.device)
    entries = torch.tensor([entry for entry in range(len(setup.polarity)) if entry not in setup.special])
    drawn = entries[torch.randint(len(entries), ids.shape, generator=generator)].to(ids.device)
    shown = torch.where(fate < to_mask, setup.mask, torch.where(fate < to_mask + to_random, drawn, ids))
    return torch.where(chosen, shown, ids), chosen


class MaskedHead(nn.Module):
    """Dense layer, gelu, normalisation, and a decoder tied to a table of embeddings.

    Args:
        width: of a token vector.
        entries: of the table.
        epsilon: of the normalisation.
    """

    def __init__(self, width: int, entries: int, epsilon: float = 1e-12) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=epsilon)
        self.bias = nn.Parameter(torch.zeros(entries))

    def forward(self, states: Tensor, table: Tensor) -> Tensor:
        """Logits (n, entries) of token vectors (n, d) over a table (entries, d)."""
        return functional.linear(self.norm(functional.gelu(self.dense(states))), table, self.bias)


def word_table(encoder: Encoder) -> Tensor:
    """The word embeddings (vocabulary, d)."""
    table: Tensor = encoder.model.get_input_embeddings().weight  # type: ignore[operator]
    return table


class MaskedLM(Heads):
    """L = L_MLM, each token hidden with 0.15, 80 % mask, 10 % random, 10 % as it is: the control for text."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.head = MaskedHead(setup.width, len(setup.polarity), setup.epsilon)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm`; see `Heads.losses`."""
        hidden, chosen = hide(batch.ids, SHARE * batch.inner, self.setup, generator)
        states = read(encoder, encoder.words(hidden), batch.tokens.mask)
        return {"mlm": self.guess(encoder, states, batch.ids, chosen)}

    def guess(self, encoder: Encoder, states: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
        """L_MLM of token vectors (B, T, d) at the chosen places."""
        return mean_cross_entropy(self.head(states[chosen], word_table(encoder)), ids[chosen])


class Electra(MaskedLM):
    """Replaced-token detection (Clark et al. 2020, arXiv 2003.10555): the control for CARL's token task.

        L = L_MLM(generator) + 50 · mean over the text's tokens of BCE(discriminator, "this token was replaced")

    The generator is a copy of the encoder's first third of layers over the encoder's own embeddings.
    """

    WEIGHT = 50.0

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        model = setup.encoder.model
        smaller = copy.deepcopy(model)
        layers = smaller.encoder.layer  # type: ignore[union-attr]
        smaller.encoder.layer = layers[: max(len(layers) // 3, 1)]  # type: ignore[union-attr,arg-type,index]
        smaller.embeddings = model.embeddings
        self.generator = Encoder(smaller, setup.encoder.pooling)
        self.dense = nn.Linear(setup.width, setup.width)
        self.detector = nn.Linear(setup.width, 1)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `rtd`; see `Heads.losses`."""
        ids, mask = batch.ids, batch.tokens.mask
        hidden, chosen = hide(ids, SHARE * batch.inner, self.setup, generator, to_mask=1.0, to_random=0.0)
        states = read(self.generator, encoder.words(hidden), mask)
        logits = self.head(states[chosen], word_table(encoder))
        filled = ids.clone()
        filled[chosen] = drawn_entries(logits.detach(), generator)
        states = read(encoder, encoder.words(filled), mask)
        scores = self.detector(functional.gelu(self.dense(states)))[..., 0]
        found = replaced_token_loss(scores, filled != ids, batch.inner)
        return {"mlm": mean_cross_entropy(logits, ids[chosen]), "rtd": self.WEIGHT * found}


def drawn_entries(logits: Tensor, generator: torch.Generator) -> Tensor:
    """One entry a row from softmax(logits (n, entries)), by the largest of logits + Gumbel noise."""
    uniform = torch.rand(logits.shape, generator=generator).clamp_min(1e-20).to(logits.device)
    return (logits.float() - (-uniform.log()).log()).argmax(1)


def replaced_token_loss(scores: Tensor, replaced: Tensor, counted: Tensor) -> Tensor:
    """Mean binary cross entropy over the counted tokens (B, T); 0 when none counts."""
    scores = widened(scores)
    each = functional.binary_cross_entropy_with_logits(scores, replaced.to(scores.dtype), reduction="none")
    return (each * counted).sum() / counted.sum().clamp_min(1)


class BertPT(MaskedLM):
    """BERT-PT on reviews (Xu et al. 2019, arXiv 1904.02232; `run_pt.py` of howardhsu/BERT-for-RRC-ABSA).

        L = L_MLM + L_NSP,  L_NSP = cross entropy of "the second half continues the first" at the pooled vector

    This is their reviews-only form ("DK" on their page), without answers to SQuAD's questions.
    A text is cut in the middle. In half of the texts the second half is exchanged for another text's of the batch,
    cut or filled to the same number of tokens, so that lengths stay what they are.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.pool = nn.Linear(setup.width, setup.width)
        self.follows = nn.Linear(setup.width, 2)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `nsp`; see `Heads.losses`."""
        ids, second, exchanged = exchange_halves(batch, generator)
        hidden, chosen = hide(ids, SHARE * batch.inner, self.setup, generator)
        states = read(encoder, encoder.words(hidden) + second_half(encoder, second), batch.tokens.mask)
        pooled = encoder.pool(states, batch.tokens.mask)
        return {"mlm": self.guess(encoder, states, ids, chosen), "nsp": self.next_sentence(pooled, exchanged)}

    def next_sentence(self, pooled: Tensor, exchanged: Tensor) -> Tensor:
        """L_NSP of vectors (B, d); the class is 1 where the second half is another text's."""
        return mean_cross_entropy(self.follows(self.pool(pooled).tanh()), exchanged.long())


def second_half(encoder: Encoder, second: Tensor) -> Tensor:
    """What turns token type 0, which the encoder adds everywhere, into type 1 on the second half, bool (B, T).

    Nothing for encoders without a second type (RoBERTa's and MPNet's kind).
    """
    types = getattr(encoder.model.embeddings, "token_type_embeddings", None)
    if types is None or len(types.weight) < 2:
        return second.new_zeros((*second.shape, 1), dtype=torch.float32)
    difference: Tensor = types.weight[1] - types.weight[0]
    return second[..., None] * difference


def exchange_halves(batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Exchange the second halves of about half of the texts.

    Returns:
        Token ids (B, T); bool (B, T), true on second halves; bool (B,), true where the half is another text's.
    """
    own, place = batch.inner.sum(1), batch.inner.cumsum(1) - 1
    second = batch.inner & (place >= (own // 2)[:, None])
    exchanged = (torch.rand(len(own), generator=generator) < 0.5).to(own.device)
    order = torch.randperm(len(own), generator=generator).to(own.device)
    other = order.roll(1)[order.argsort()]
    # The tokens of another text's second half, around and around where it is shorter.
    first_other = (own // 2)[other]
    length = (own[other] - first_other).clamp_min(1)
    taken = first_other[:, None] + (place - (own // 2)[:, None]).clamp_min(0) % length[:, None]
    columns = (~batch.inner).long().argsort(dim=1, stable=True)  # the texts' own tokens first
    source = columns[other].gather(1, taken.clamp_max(batch.ids.shape[1] - 1))
    exchanged = exchanged & (own[other] > 0)
    ids = torch.where(second & exchanged[:, None], batch.ids[other].gather(1, source), batch.ids)
    return ids, second, exchanged


class SentiX(MaskedLM):
    """SentiX (Zhou et al., COLING 2020; `pretrain_multigpu_final.py` of 12190143/SentiX).

        L = CE(token) + CE(rating)

    Words of the lexicon are hidden with 0.3 (their first token), emoticons with 0.5, others with 0.15, always by the
    mask token; the token loss counts **all** tokens of a text. The rating head is a tanh pooler. As released, class 0
    is ignored in both losses, so that one-star reviews give no rating loss there; here they count.
    """

    LEXICON_RATE, EMOTICON_RATE, OTHER_RATE = 0.3, 0.5, 0.15

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.pool = nn.Linear(setup.width, setup.width)
        self.rate = nn.Linear(setup.width, STARS)

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm` and `rating`; see `Heads.losses`."""
        listed = (polarity_of(batch.marks) > 0) & (is_first(batch.marks) > 0)
        rates = torch.where(listed, self.LEXICON_RATE, self.OTHER_RATE)
        rates = torch.where(is_emoticon(batch.marks) > 0, self.EMOTICON_RATE, rates) * batch.inner
        hidden, _chosen = hide(batch.ids, rates, self.setup, generator, to_mask=1.0, to_random=0.0)
        states = read(encoder, encoder.words(hidden), batch.tokens.mask)
        scores = self.rate(self.pool(encoder.pool(states, batch.tokens.mask)).tanh())
        return {
            "mlm": self.guess(encoder, states, batch.ids, batch.real),
            "rating": mean_cross_entropy(scores, stars_of(batch.valence)),
        }


def stars_of(valence: Tensor) -> Tensor:
    """Rating 0 to 4 (one to five stars) of a valence in [−1, 1]; −100 where unknown.

    >>> stars_of(torch.tensor([-1.0, 0.0, 0.6, 1.0, float("nan")])).tolist()
    [0, 2, 3, 4, -100]
    """
    return torch.where(valence.isnan(), -100, (2 * valence.nan_to_num(0.0) + 2).round().long().clamp(0, STARS - 1))


#: Rows of SentiLARE's polarity table: negative, positive, neutral; of its rating table: 0 to 4 and unknown.
NEUTRAL, UNKNOWN = 2, STARS


class SentiLARE(MaskedLM):
    """SentiLARE (Ke et al. 2020, arXiv 1911.02493; `pretrain/post_pretrain.py` of thu-coai/SentiLARE).

        L = CE(token) + CE(part of speech) + CE(word polarity) + CE(rating), unweighted

    Tables of parts of speech, word polarities and ratings are added to the word embeddings. Words with a polarity are
    hidden with 0.3, others with 0.15; a hidden word also loses its part ("other") and its polarity ("neutral"), which
    become labels; "other" of a neutral word is no label. In a fifth of the texts the rating is predicted, in the others
    it is given on all inner tokens. As released, a batch in which no text predicts its rating has a loss that is not a
    number; here it counts as 0. Each token draws for itself: words of several pieces are hidden in part.
    """

    LEXICON_RATE, OTHER_RATE, PREDICTED = 0.3, 0.15, 0.2

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        # Rows "other", "neutral" and "unknown" are drawn and trained as all others, as in the release.
        self.parts, self.polarities, self.ratings = (nn.Embedding(rows, setup.width) for rows in (5, 3, 6))
        for table in (self.parts, self.polarities, self.ratings):
            nn.init.normal_(table.weight, std=0.02)
        self.part_head, self.polarity_head, self.rating_head = (
            MaskedHead(setup.width, rows, setup.epsilon) for rows in (5, 3, 6)
        )

    def losses(self, encoder: Encoder, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """`mlm`, `part`, `polarity` and `rating`; see `Heads.losses`."""
        parts = torch.where(batch.inner, part_of(batch.marks), OTHER)
        polarity = word_polarity(polarity_of(batch.marks))
        rates = torch.where(polarity == NEUTRAL, self.OTHER_RATE, self.LEXICON_RATE) * batch.inner
        hidden, chosen = hide(batch.ids, rates, self.setup, generator)
        stars = stars_of(batch.valence)
        predicted = (torch.rand(len(stars), generator=generator) < self.PREDICTED).to(stars.device)
        given = (stars >= 0) & ~predicted
        rating = torch.where(given[:, None] & batch.inner, stars[:, None], UNKNOWN)
        extra = self.extra(torch.where(chosen, OTHER, parts), torch.where(chosen, NEUTRAL, polarity), rating)
        states = read(encoder, encoder.words(hidden) + extra, batch.tokens.mask)
        picked, plain = states[chosen], (parts[chosen] == OTHER) & (polarity[chosen] == NEUTRAL)
        part_scores = self.part_head(picked, self.parts.weight)
        rating_scores = self.rating_head(encoder.pool(states, batch.tokens.mask), self.ratings.weight)
        return {
            "mlm": self.guess(encoder, states, batch.ids, chosen),
            "part": mean_cross_entropy(part_scores, torch.where(plain, -100, parts[chosen])),
            "polarity": mean_cross_entropy(self.polarity_head(picked, self.polarities.weight), polarity[chosen]),
            "rating": mean_cross_entropy(rating_scores, torch.where(predicted, stars, -100)),
        }

    def extra(self, parts: Tensor, polarity: Tensor, rating: Tensor) -> Tensor:
        """What is added to the word embeddings (B, T, d)."""
        added: Tensor = self.parts(parts) + self.polarities(polarity) + self.ratings(rating)
        return added

    def finished(self, encoder: Encoder) -> Encoder:
        """The encoder as it reads a text without tags: other, neutral, unknown on every token.

        The three rows are the same everywhere and go into the position embeddings, so that a plain loader reads the
        checkpoint as the authors' model reads such a text.
        """
        folded = copy.deepcopy(encoder)
        rows = self.parts.weight[OTHER] + self.polarities.weight[NEUTRAL] + self.ratings.weight[UNKNOWN]
        with torch.no_grad():
            folded.model.embeddings.position_embeddings.weight += rows  # type: ignore[union-attr,operator]
        return folded


def word_polarity(polarity: Tensor) -> Tensor:
    """Rows of the polarity table (0 negative, 1 positive, 2 neutral) of marks' polarities."""
    return torch.where(polarity == POSITIVE, 1, torch.where(polarity == NEGATIVE, 0, NEUTRAL))
