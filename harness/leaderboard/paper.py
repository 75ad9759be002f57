"""Plans of the paper's tables: which columns, under which heads, with which remarks.

Tables I to V of arXiv 2502.20613, with our numbers beside the printed ones. A column never mixes protocols: each
protocol has columns under its own head or a table of its own, and only the newest version of a main protocol
stands beside the paper's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.leaderboard.ablation import arm_of, printed_as
from harness.leaderboard.assemble import Plan, Printed
from harness.leaderboard.grid import Grid, Measured
from harness.leaderboard.metrics import metric_label, metric_style
from harness.leaderboard.names import corpus_title, protocol_version
from harness.leaderboard.table import Footnote

_PUBLISHED = "published"

_BERT_PT = Footnote(
    text="BERT-PT: the paper does not say which of the published models it used; its numbers stand beside the "
    "one trained on restaurant reviews."
)
_CARL = Footnote(
    text="CARL: the published rows are trained on BERT-base and RoBERTa-base; ours start from other backbones, "
    "which their cards name."
)
_EMOBANK_SEEN = Footnote(
    text="Published CARL: its training corpora add up to 24,391 of the 24,392 texts it reports only with all of "
    "EmoBank, so EmoBank's test rows were most likely in its training."
)
_IEMOCAP = Footnote(
    text="Pooled: EmoBank, Facebook and EmoTales. The paper's pool has IEMOCAP as well, which is given out under "
    "a signed form and is not in ours. Pooling adds differences between corpora to r and ρ."
)
_READ_R = Footnote(
    text="EmoBank's ratings are narrow (standard deviation 0.35 and 0.26 on 1 to 5): predicting the mean gives a "
    "small MAE, so read r. Writers and readers agree with r = 0.66 (valence) and 0.30 (arousal)."
)
_DOCUMENTS = Footnote(
    text="Document-grouped: no document is in two parts. In the official split 126 of 136 documents are."
)
_UNITS = Footnote(
    text="MAE: labels scaled to [-1, 1] from the ends of the annotation scale. MAE obs.: scaled from the observed "
    "minimum and maximum, the paper's unit."
)
_SENTICSE = Footnote(
    text="Published SentiCSE: marked on MR alone, although its training sentences contain 1,665 of the 2,210 SST5 "
    "test sentences."
)
_AVERAGE = Footnote(
    text="Published precision, recall and F1: the average is not stated. It is not weighted by support, since "
    "recall would then equal accuracy."
)
_MAJORITY = Footnote(
    text="Over half of the test rows are joy: a constant answer reaches 54 to 55 % accuracy in six classes, so "
    "read macro F1."
)
_COLLAPSE = Footnote(
    text="Alignment and uniformity improve together when all vectors crowd together (a collapsed encoder has the "
    "best alignment). Separation = 1 - E[d²] of positive pairs / E[d²] of all pairs is free of scale: 0 means that "
    "texts of one emotion are no closer than any others. Effective rank shows collapse."
)

_ARMS = Footnote(
    text="Ablation arms differ from `full` in one setting, on the same backbone, data and steps; `before` is the "
    "backbone as it is. Compare within a block: backbones differ from the paper's."
)
_RWA = Footnote(
    text="Published Base RWA: the paper does not say what it is. Its numbers round or cut those of Table I."
)


def newest(protocols: Sequence[str], name: str) -> str:
    """The highest version of a protocol among those found; version 1 when there is none.

    >>> newest(["senteval-lr/1", "senteval-lr/2", "senteval-lr-128/3"], "senteval-lr")
    'senteval-lr/2'
    """
    versions = [protocol_version(p)[1] for p in protocols if protocol_version(p)[0] == name]
    return f"{name}/{max(versions, default=1)}"


def table_one(grid: Grid) -> list[Plan]:
    """Valence and arousal: a table for each corpus and protocol, the pooled one beside the paper's numbers."""
    plans = []
    for corpus in ("emobank", "facebook", "emotales", "pooled"):
        found = grid.protocols("valence-arousal", [corpus])
        beside = newest(found, "pooled") if corpus == "pooled" else ""
        for protocol in found or ([beside] if beside else []):
            plans.append(_regression(grid, corpus, protocol, printed=protocol == beside))
    return plans


def _regression(grid: Grid, corpus: str, protocol: str, *, printed: bool) -> Plan:
    task = "valence-arousal"
    observed = grid.has_observed(task, corpus, protocol)
    columns: list[Measured | Printed] = []
    for dimension in ("valence", "arousal"):
        group = dimension.capitalize()
        names = [f"{dimension}.{metric}" for metric in ("pearson", "spearman", "mae")]
        for name in names:
            columns.append(
                Measured(
                    task=task,
                    corpus=corpus,
                    protocol=protocol,
                    metric=name,
                    head=metric_style(name).label,
                    group=group,
                )
            )
        if observed:
            columns.append(
                Measured(
                    task=task,
                    corpus=corpus,
                    protocol=protocol,
                    metric=names[-1],
                    head="MAE\nobs.",
                    group=group,
                    observed=dimension,
                )
            )
        if printed:
            columns += [
                Printed(
                    corpus=corpus,
                    metric=name,
                    head="MAE\nobs." if name.endswith("mae") else metric_style(name).label,
                    group=f"{group}, {_PUBLISHED}",
                )
                for name in names
            ]
    notes = [_UNITS] if observed or printed else []
    if corpus == "emobank":
        notes.append(_READ_R)
        if protocol_version(protocol)[0] == "document-grouped":
            notes.append(_DOCUMENTS)
    if corpus == "pooled":
        notes.append(_IEMOCAP)
    return Plan(
        key=f"I/{corpus}/{protocol}",
        title=f"Table I. Valence and arousal: {corpus_title(corpus)}, {protocol}",
        caption=f"Least-squares probe on frozen vectors.{_scored(grid, columns)} Protocol {protocol}. "
        "Correlations: higher is better; MAE: lower is better.",
        columns=columns,
        printed_table="I" if printed else None,
        notes=notes,
        printed_notes=[_EMOBANK_SEEN, _CARL, _BERT_PT],
    )


_POLARITY = ("cr", "mr", "sst5", "imdb")


def table_two(grid: Grid) -> list[Plan]:
    """Polarity: the main protocols beside the paper's numbers, every other protocol in a table of its own."""
    found = grid.protocols("polarity", _POLARITY)
    main = {name: newest(found, name) for name in ("senteval-lr", "senteval-lr-128", "senteval-lr-512")}
    groups = [
        (main["senteval-lr"], ("cr", "mr", "sst5")),
        (main["senteval-lr-128"], ("imdb",)),
    ]
    if main["senteval-lr-512"] in found:
        groups.append((main["senteval-lr-512"], ("imdb",)))
    used = {(protocol, corpus) for protocol, corpora in groups for corpus in corpora}
    printed = [Printed(corpus=c, metric="accuracy", head=corpus_title(c), group=_PUBLISHED) for c in _POLARITY]
    measured = [_polarity(corpus, protocol) for protocol, corpora in groups for corpus in corpora]
    plans = [
        Plan(
            key="II",
            title="Table II. Sentiment polarity",
            caption=_polarity_caption(grid, measured),
            columns=[*measured, *printed],
            printed_table="II",
            printed_notes=[_SENTICSE, _CARL, _BERT_PT],
        )
    ]
    for protocol in found:
        rest = [c for c in _POLARITY if c in grid.corpora("polarity", protocol) and (protocol, c) not in used]
        if rest:
            others = [_polarity(corpus, protocol) for corpus in rest]
            plans.append(
                Plan(
                    key=f"II/{protocol}",
                    title=f"Table II. Sentiment polarity, {protocol}",
                    caption=_polarity_caption(grid, others),
                    columns=others,
                )
            )
    return plans


def _polarity(corpus: str, protocol: str) -> Measured:
    return Measured(
        task="polarity",
        corpus=corpus,
        protocol=protocol,
        metric="accuracy",
        head=corpus_title(corpus),
        group=protocol,
    )


def _polarity_caption(grid: Grid, columns: Sequence[Measured]) -> str:
    return f"Accuracy in percent of a logistic-regression probe on frozen vectors.{_scored(grid, columns)}"


def _scored(grid: Grid, columns: Sequence[Measured | Printed]) -> str:
    """A sentence that says what was scored, empty when nothing was."""
    splits = grid.splits(column for column in columns if isinstance(column, Measured))
    return f" {splits}." if splits else ""


def table_three(grid: Grid) -> list[Plan]:
    """Emotion: a table for each reading of GoEmotions, the paper's numbers beside the main one."""
    found = grid.protocols("emotion", ["goemotions"])
    beside = newest(found, "ekman6-mapped")
    plans = []
    for protocol in [beside, *(p for p in found if p != beside)]:
        columns: list[Measured | Printed] = [
            Measured(
                task="emotion",
                corpus="goemotions",
                protocol=protocol,
                metric=metric,
                head=metric_style(metric).label,
                group=f"{protocol}, macro average",
            )
            for metric in ("accuracy", "macro.precision", "macro.recall", "macro.f1")
        ]
        if protocol == beside:
            columns += [
                Printed(
                    corpus="goemotions",
                    metric=metric,
                    head=metric_style(metric).label,
                    group=f"{_PUBLISHED}, average not stated",
                )
                for metric in ("accuracy", "precision", "recall", "f1")
            ]
        plans.append(
            Plan(
                key="III" if protocol == beside else f"III/{protocol}",
                title="Table III. Emotions" + ("" if protocol == beside else f", {protocol}"),
                caption=f"Logistic-regression probe on frozen vectors.{_scored(grid, columns)} "
                f"Protocol {protocol}. Accuracy in percent; "
                "precision, recall and F1 are macro averages (every class counts the same).",
                columns=columns,
                printed_table="III" if protocol == beside else None,
                notes=[_MAJORITY] if protocol_version(protocol)[0] == "ekman6-mapped" else [],
                printed_notes=[_AVERAGE, _CARL, _BERT_PT],
            )
        )
    return plans


def table_four(grid: Grid) -> list[Plan]:
    """Geometry: alignment and uniformity as in the paper, with two measures that tell collapse from quality."""
    found = grid.protocols("geometry", ["goemotions"])
    beside = newest(found, "ekman6-mapped")
    plans = []
    for protocol in [beside, *(p for p in found if p != beside)]:
        columns: list[Measured | Printed] = [
            Measured(
                task="geometry",
                corpus="goemotions",
                protocol=protocol,
                metric=metric,
                head=metric_style(metric).label,
                group=protocol,
            )
            for metric in ("alignment", "uniformity", "separation", "effective_rank")
        ]
        if protocol == beside:
            columns += [
                Printed(corpus="goemotions", metric=metric, head=metric_style(metric).label, group=_PUBLISHED)
                for metric in ("alignment", "uniformity")
            ]
        plans.append(
            Plan(
                key="IV" if protocol == beside else f"IV/{protocol}",
                title="Table IV. Geometry of the vectors" + ("" if protocol == beside else f", {protocol}"),
                caption=f"Vectors at unit length.{_scored(grid, columns)} Protocol {protocol}; "
                "positive pairs share their emotion. Alignment and uniformity: lower is better; separation: "
                "higher is better.",
                columns=columns,
                printed_table="IV" if protocol == beside else None,
                notes=[_COLLAPSE],
                printed_notes=[_CARL, _BERT_PT],
            )
        )
    return plans


#: Tasks that an ablation is scored on, in the order of the columns; the paper has the pooled corpora.
_ABLATION = (
    ("valence-arousal", "emobank", "official", ("valence.pearson", "arousal.pearson")),
    ("valence-arousal", "pooled", "pooled", ("valence.pearson", "arousal.pearson")),
    ("polarity", "cr", "senteval-lr", ("accuracy",)),
    ("polarity", "mr", "senteval-lr", ("accuracy",)),
    ("polarity", "sst5", "senteval-lr", ("accuracy",)),
    ("polarity", "imdb", "senteval-lr-128", ("accuracy",)),
    ("emotion", "goemotions", "ekman6-mapped", ("accuracy", "macro.f1")),
)


def table_five(grid: Grid) -> list[Plan]:
    """Ablations of CARL: rows are arms, blocks what they start from, the paper's numbers beside."""
    columns: list[Measured | Printed] = []
    for task, corpus, name, metrics in _ABLATION:
        protocol = newest(grid.protocols(task, [corpus]), name)
        columns += [
            Measured(
                task=task,
                corpus=corpus,
                protocol=protocol,
                metric=metric,
                head=f"{corpus_title(corpus)}\n{metric_label(metric)}",
                group=protocol,
            )
            for metric in metrics
        ]
    columns += [
        Printed(corpus=corpus, metric=metric, head=f"{corpus_title(corpus)}\n{metric_label(metric)}", group=_PUBLISHED)
        for corpus, metric in (
            *(("pooled", f"{d}.{m}") for d in ("valence", "arousal") for m in ("pearson", "spearman", "mae")),
            *((corpus, "accuracy") for corpus in _POLARITY),
        )
    ]
    return [
        Plan(
            key="V",
            title="Table V. Ablations of CARL",
            caption="Each arm trained and probed alike; means over the seeds of the training. Accuracy in percent.",
            columns=columns,
            printed_table="V",
            notes=[_ARMS],
            printed_notes=[_RWA, _EMOBANK_SEEN],
            only=lambda name: arm_of(name) is not None,
            printed_beside=printed_as,
        )
    ]
