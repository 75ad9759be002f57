"""Emotions in conversations: a table for each corpus-wide protocol, beside what SACL printed."""

from __future__ import annotations

from harness.leaderboard.assemble import Plan, Printed
from harness.leaderboard.grid import Grid, Measured
from harness.leaderboard.metrics import metric_label
from harness.leaderboard.names import corpus_title
from harness.leaderboard.table import Footnote

_CORPORA = ("meld", "emorynlp", "iemocap")
_METRICS = ("weighted.f1", "accuracy")

#: Whose numbers stand beside ours.
_CITED = "Hu, Bao, Wei, Zhou, Hu 2023, arXiv 2306.01505 (SACL), as Papers with Code lists them"

_TRAINED = Footnote(
    text="Published SACL-LSTM: a recurrent classifier over whole dialogues and their speakers, on features of "
    "RoBERTa-large, trained on each corpus. Ours is a linear probe on frozen vectors of one text: another measurement."
)


def conversation_tables(grid: Grid) -> list[Plan]:
    """Utterances alone, then with the previous ones before them; the published numbers beside the latter."""
    found = grid.protocols("conversation", _CORPORA)
    beside = next((protocol for protocol in reversed(found) if protocol.startswith("context")), "context-5/1")
    plans = []
    for protocol in [*(p for p in found if p != beside), beside]:
        columns: list[Measured | Printed] = [
            Measured(
                task="conversation",
                corpus=corpus,
                protocol=protocol,
                metric=metric,
                head=f"{corpus_title(corpus)}\n{metric_label(metric)}",
                group=protocol,
            )
            for corpus in _CORPORA
            for metric in _METRICS
        ]
        if protocol == beside:
            columns += [
                Printed(
                    corpus=corpus,
                    metric=metric,
                    head=f"{corpus_title(corpus)}\n{metric_label(metric)}",
                    group="published",
                )
                for corpus in _CORPORA
                for metric in _METRICS
            ]
        plans.append(
            Plan(
                key="conversation" if protocol == beside else f"conversation/{protocol}",
                title=f"Emotions in conversations, {protocol}",
                caption="Logistic-regression probe on frozen vectors of an utterance"
                + (" with the ones before it" if protocol == beside else "")
                + f". Protocol {protocol}. Both in percent; weighted F1 is the literature's number.",
                columns=columns,
                printed_table="SACL" if protocol == beside else None,
                printed_notes=[_TRAINED],
                cited=_CITED,
            )
        )
    return plans
