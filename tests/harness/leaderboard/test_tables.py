from collections.abc import Callable
from itertools import groupby

import pytest

from harness.errors import UsageError
from harness.leaderboard import Cell, Row, Table, build_tables, load_published, with_limited
from harness.outcome import Metric
from harness.record import STATUSES, Record

Make = Callable[..., Record]


def row(table: Table, name: str) -> Row:
    return next(row for row in table.rows if row.name == name)


def cell(table: Table, name: str, head: str, origin: str = "measured") -> Cell:
    found = [
        c
        for c, column in zip(row(table, name).cells, table.columns, strict=True)
        if (column.head, column.origin) == (head, origin)
    ]
    assert len(found) == 1
    return found[0]


def notes(table: Table) -> str:
    return "\n".join(f"{note.mark} {note.text}" for note in table.footnotes)


def tables(records: list[Record], *which: str, published: bool = True) -> dict[str, Table]:
    built = build_tables(records, suite="paper", which=which or None, published=published)
    assert len({table.key for table in built}) == len(built)
    return {table.key: table for table in built}


def test_a_suite_has_all_tables_in_order(suite: list[Record]) -> None:
    assert list(tables(suite)) == [
        "overview",
        "I/emobank/official/1",
        "I/emobank/document-grouped/1",
        "I/facebook/kfold10/1",
        "I/emotales/kfold10/1",
        "I/pooled/pooled/1",
        "II",
        "III",
        "IV",
    ]


def test_rows_are_grouped_by_family_floors_first(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    blocks = groupby(table.rows, lambda row: row.block)
    assert [(title, [row.name for row in rows]) for title, rows in blocks][:4] == [
        ("Reference encoders", ["lexicon"]),
        ("BERT", ["bert", "bert-pt-rest", "sentix"]),
        ("RoBERTa", ["roberta", "carl-roberta", "senticse"]),
        ("gpt", ["hf:a_b|c"]),
    ]


def test_nothing_of_the_papers_tables_is_lost(suite: list[Record]) -> None:
    built = tables(suite)
    for number, table in (("I", built["I/pooled/pooled/1"]), *((n, built[n]) for n in ("II", "III", "IV"))):
        printed = sorted(n.printed for n in load_published() if n.table == number)
        shown = [
            c.printed
            for r in table.rows
            for c, column in zip(r.cells, table.columns, strict=True)
            if column.origin == "published" and c.value is not None
        ]
        assert sorted(shown) == printed


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_missing_cells_have_a_reason_and_no_number(make: Make, status: str) -> None:
    table = tables([make(status=status), make("roberta", family="roberta")], "II")["II"]
    missing = cell(table, "bert", "MR")
    assert (missing.value, missing.printed, missing.status, missing.flag) == (None, "", status, "")


def test_two_protocols_never_share_a_column(make: Make) -> None:
    records = [
        make("a", "polarity/mr/senteval-lr/1", {"accuracy": 0.1}),
        make("a", "polarity/mr/senteval-lr/2", {"accuracy": 0.2}),
        make("b", "polarity/mr/senteval-compat/1", {"accuracy": 0.3}),
        make("b", "polarity/imdb/senteval-lr-128/1", {"accuracy": 0.4}),
        make("b", "polarity/imdb/senteval-lr-512/1", {"accuracy": 0.5}),
        make("a", "valence-arousal/pooled/pooled/1", {"valence.pearson": 0.1}),
        make("b", "valence-arousal/pooled/pooled/2", {"valence.pearson": 0.2}),
        make("a", "emotion/goemotions/ekman6-mapped/1"),
        make("b", "emotion/goemotions/ekman6-single/1"),
        make("a", "geometry/goemotions/ekman6-mapped/1", {"alignment": 0.1}),
        make("b", "geometry/goemotions/ekman6-mapped/2", {"alignment": 0.1}),
    ]
    built = build_tables(records)
    values: dict[tuple[str, ...], float] = {}
    for table in built:
        for column in table.columns:
            if column.origin == "measured":
                assert column.protocol, table.key
                assert column.protocol in f"{column.group} {table.title} {table.caption}"
                assert column.key.split("/")[0] == column.task
        for r in table.rows:
            for c, column in zip(r.cells, table.columns, strict=True):
                if c.value is not None and column.origin == "measured" and table.key != "overview":
                    key = (r.name, column.task, column.corpus, column.protocol, column.metric)
                    assert values.setdefault(key, c.value) == c.value
    protocols = {key[3] for key in values}
    assert protocols == {r.protocol for r in records}
    keys = [table.key for table in built]
    assert {"II", "II/senteval-lr/2", "II/senteval-compat/1", "III/ekman6-single/1", "IV/ekman6-mapped/2"} <= set(keys)


def test_an_explicit_table_without_results_shows_the_papers(make: Make) -> None:
    records = [make()]
    assert set(tables(records)) == {"overview", "II"}
    (four,) = build_tables(records, which=["IV"])
    assert len(four.rows) == 9
    assert build_tables(records, which=["IV"], published=False) == []
    assert build_tables([]) == []


def test_published_numbers_stand_with_their_own_model_and_its_size(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert cell(table, "bert", "CR", "published").printed == "87.66"
    assert cell(table, "sentix", "CR", "published").printed == "91.01", "also without a number of ours"
    assert cell(table, "carl-roberta", "CR", "published").status == "blank", "published CARL is seven times its size"
    blocks = groupby(table.rows, lambda row: row.block)
    assert [(title, [(row.title, row.cells[0].printed) for row in rows]) for title, rows in blocks][-2:] == [
        ("Published: BERT-base", [("SentiBERT", "109.5"), ("CARL", "109.5")]),
        ("Published: RoBERTa-base", [("SentiLARE", "124.6"), ("CARL", "124.6")]),
    ]
    mr = cell(table, "senticse", "MR", "published")
    assert (mr.printed, mr.flag, mr.rank) == ("97.41", "*", 0)
    assert cell(table, "published:RoBERTa/CARL", "MR", "published").rank == 1, "ranked among themselves"


def test_what_may_have_seen_the_texts_is_marked_and_not_ranked(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert [cell(table, "senticse", head).flag for head in ("CR", "MR", "SST5", "IMDB")] == ["", "*", "*", ""]
    unknown = cell(table, "hf:a_b|c", "CR")
    assert (unknown.flag, unknown.rank) == ("?", 0), "the highest number, but of unknown training"
    assert [cell(table, name, "MR").rank for name in ("carl-roberta", "roberta")] == [1, 2]
    assert "not declared, not ranked: a_b|c <script>" in notes(table)


def test_errors_stand_in_both_units(suite: list[Record], make: Make) -> None:
    table = tables(suite)["I/emobank/official/1"]
    errors = [c.printed for c, k in zip(row(table, "bert").cells, table.columns, strict=True) if k.head == "MAE\nobs."]
    assert errors == ["0.110", "0.120"]
    bare = make(task="valence-arousal/emobank/official/1", metrics={"valence.pearson": 0.5})
    (table,) = build_tables([bare], which=["I"])[:1]
    assert [column.head for column in table.columns] == ["r"], "no record has another number"


def test_a_model_without_numbers_brings_no_column_of_its_own(make: Make) -> None:
    task = "valence-arousal/ratings-films/grouped-kfold10/1"
    records = [make(task=task, metrics={"valence.pearson": 0.5}), make("sentix", task, status="weights-missing")]
    (table,) = build_tables(records, which=["I"], published=False)
    assert [column.metric for column in table.columns] == ["valence.pearson"]
    assert [r.cells[0].status for r in table.rows] == ["ok", "weights-missing"]


def test_suite_quick_has_polarity_and_geometry_of_every_domain(make: Make) -> None:
    places = ("ratings-tweets", "ratings-products")
    records = [make(task=f"polarity/{place}/sign-kfold10/1") for place in places]
    records += [make(task=f"geometry/{place}/sign/1", metrics={"separation": 0.1}, split="all") for place in places]
    built = {table.key: table for table in build_tables(records, suite="quick", which=["II", "IV"])}
    assert list(built) == ["II/sign-kfold10/1", "IV/sign/1"]
    assert [column.head for column in built["II/sign-kfold10/1"].columns[1:]] == ["Tweets", "Products"]
    assert [column.group for column in built["IV/sign/1"].columns[1:]] == ["Tweets", "Products"]


def test_the_overview_is_short_unless_more_is_asked_for(suite: list[Record]) -> None:
    (short,) = build_tables(suite, which=["overview"])
    assert [column.head.replace("\n", " ") for column in short.columns] == [
        *("Param. [M]", "EmoBank V r", "EmoBank A r", "CR acc.", "MR acc.", "SST5 acc.", "IMDB acc.", "Ekman acc.")
    ]
    assert "EmoBank: official/1; CR, MR, SST5: senteval-lr/1" in short.caption
    assert len(short.notes("marks")) <= 5
    (every,) = build_tables(suite, which=["overview"], columns=["all"])
    assert len(every.columns) == 12
    (some,) = build_tables(suite, which=["overview"], columns=["cr", "geometry", "*/official/*"])
    assert [column.corpus for column in some.columns] == ["", "emobank", "cr", "goemotions"]
    with pytest.raises(UsageError, match="unknown column 'cx'"):
        build_tables(suite, which=["overview"], columns=["cx"])


def test_the_vector_that_authors_trained_stands_first(make: Make) -> None:
    records = [make("minilm", title="MiniLM", pooling="cls"), make("minilm@mean", title="MiniLM", pooling="mean")]
    (table,) = build_tables(records, which=["II"], published=False, recommended={"minilm": "mean"})
    assert [row.title for row in table.rows] == ["MiniLM, mean of tokens", "MiniLM, first token"]
    (table,) = build_tables(records[:1], which=["II"], published=False, recommended={"minilm": "mean"})
    assert "minilm@mean" in notes(table), "not measured, and said so"
    for record, title in zip(records, ("MiniLM, first token", "MiniLM, mean of tokens"), strict=True):
        (table,) = build_tables([record], which=["II"], published=False, recommended={"minilm": "mean"})
        assert table.rows[0].title == title, "another vector than the authors', or one that was asked for"


def test_protocols_name_what_is_measured_where_a_corpus_has_several(make: Make) -> None:
    tasks = ("valence-arousal/ratings-tweets/grouped-kfold10/1", "polarity/ratings-tweets/sign-kfold10/1")
    (table,) = build_tables([make(task=task) for task in tasks], suite="quick", which=["overview"])
    assert "Tweets V r: grouped-kfold10/1; Tweets acc.: sign-kfold10/1" in table.caption


def test_a_noise_ceiling_stands_under_the_correlations_that_have_one(make: Make) -> None:
    task = "valence-arousal/ratings-films/grouped-kfold10/1"
    numbers = {"valence.pearson": 0.5, "valence.spearman": 0.4, "valence.ceiling": Metric(0.9, 0.88, 0.92)}
    (table,) = build_tables([make(task=task, metrics=numbers)], which=["I"], published=False, intervals=True)
    ceiling = row(table, "ceiling").cells
    assert [(c.printed, c.rank) for c in ceiling] == [("0.900", 0), ("", 0)]
    assert table.annex(ceiling[0], table.columns[0]) == "±0.020"
    trial = with_limited([make(task=f"{task}+limit-50", metrics=numbers)])
    (table,) = build_tables(trial, which=["I"], published=False)
    assert row(table, "ceiling").cells[0].flag == "~", "of few texts, like the numbers above it"


@pytest.mark.parametrize(
    ("details", "said"),
    [({"strengths": [8.0, 8.0]}, True), ({"strengths": [8.0, 4.0]}, False), ({"strength": 0.25}, True)],
)
def test_a_regularisation_at_the_edge_of_its_grid_is_said(make: Make, details: dict[str, object], said: bool) -> None:
    (table,) = build_tables([make(details=details)], which=["II"])
    assert ("raise these a little: bert (MR)" in notes(table)) is said


def test_table_three_shows_the_papers_reading_first(make: Make) -> None:
    tasks = [f"emotion/goemotions/{name}/1" for name in ("ekman6-mapped", "ekman6-selected", "ekman7-single")]
    built = tables([make(task=task) for task in tasks], "III")
    assert (
        list(dict.fromkeys(c.protocol for c in built["III"].columns))
        == [*("", "ekman6-selected/1", "ekman6-mapped/1", "")][:3]
    )
    assert "nearest to the paper" in notes(built["III"])
    assert list(built) == ["III", "III/ekman7-single/1"]


def test_ablations_are_ordinary_records(make: Make) -> None:
    records = [make("minilm"), make("carl-minilm", base="minilm"), make("bert")]
    (empty,) = build_tables(records, which=["V"])
    assert "No ablation has been measured" in notes(empty)
    assert all(row.name.startswith("published:") for row in empty.rows)
    (table,) = build_tables([*records, make("carl-minilm-no-ptd", base="minilm")], which=["V"], published=False)
    assert [row.name for row in table.rows] == ["minilm", "carl-minilm", "carl-minilm-no-ptd"]
