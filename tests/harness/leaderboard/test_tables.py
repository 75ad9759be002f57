from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from harness.errors import UsageError
from harness.leaderboard import Cell, Row, Table, build_tables, load_published
from harness.leaderboard.table import Column
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


@pytest.mark.parametrize("names", [("II", "IV"), ("iv", "2"), ("Table IV", " ii ")])
def test_tables_are_asked_for_by_name(suite: list[Record], names: tuple[str, ...]) -> None:
    assert list(tables(suite, *names)) == ["II", "IV"]


def test_unknown_names_are_refused(suite: list[Record]) -> None:
    with pytest.raises(UsageError, match="no table 'overveiw'; did you mean overview\\? There are: overview, I, II"):
        tables(suite, "overveiw")


def test_rows_are_grouped_by_family_floors_first(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert [(block.title, [row.name for row in block.rows]) for block in table.blocks][:4] == [
        ("Floors", ["lexicon"]),
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


def test_published_numbers_stand_in_the_row_of_their_encoder(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert cell(table, "bert", "CR", "published").printed == "87.66"
    assert cell(table, "sentix", "CR", "published").printed == "91.01", "also without a number of ours"
    assert cell(table, "lexicon", "CR", "published").status == "blank"
    assert [(block.title, [row.title for row in block.rows]) for block in table.blocks[-2:]] == [
        ("Published, not measured here: BERT", ["SentiBERT", "CARL"]),
        ("Published, not measured here: RoBERTa", ["SentiLARE"]),
    ]
    mr = cell(table, "senticse", "MR", "published")
    assert (mr.printed, mr.flag, mr.rank) == ("97.41", "*", 0)


def test_without_published_numbers_only_ours_are_left(suite: list[Record]) -> None:
    for table in build_tables(suite, published=False):
        assert all(column.origin != "published" for column in table.columns)
        assert all(not row.name.startswith("published:") for row in table.rows)
        assert "arXiv" not in notes(table)


def test_contamination_marks_and_ranks(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert [cell(table, "senticse", head).flag for head in ("CR", "MR", "SST5", "IMDB")] == ["", "*", "*", ""]
    assert cell(table, "hf:a_b|c", "CR").flag == "?"
    assert cell(table, "hf:a_b|c", "CR").rank == 0, "the highest number, but of unknown training"
    assert cell(table, "carl-roberta", "CR").rank == 1
    assert cell(table, "senticse", "CR").rank == 2
    assert cell(table, "carl-roberta", "MR").rank == 1
    assert cell(table, "roberta", "MR").rank == 2, "SentiCSE was trained on MR"
    text = notes(table)
    assert "SentiCSE: MR (mr); SST5 (mr, 1,769 of 2,210 test sentences shared)" in text
    assert "not declared, not ranked: a_b|c <script>" in text


def test_unlabelled_text_of_the_same_site_is_said_but_not_marked(make: Make) -> None:
    task = "emotion/goemotions/ekman6-mapped/1"
    table = tables([make("minilm", task, title="MiniLM", training=("reddit-comments",))], "III")["III"]
    assert cell(table, "minilm", "Acc.").flag == ""
    assert "Not marked, though of the same site. MiniLM: GoEmotions (Reddit comments" in notes(table)


def test_published_columns_are_ranked_among_themselves(suite: list[Record]) -> None:
    table = tables(suite)["II"]
    assert cell(table, "carl-roberta", "MR", "published").rank == 1
    assert cell(table, "published:RoBERTa/SentiLARE", "MR", "published").rank == 2


def test_lower_is_better_where_it_is(suite: list[Record]) -> None:
    four = tables(suite)["IV"]
    assert cell(four, "lexicon", "Align.").rank == 1
    assert cell(four, "lexicon", "Unif.").rank == 1
    assert cell(four, "carl-roberta", "Separ.").rank == 1
    assert {cell(four, r.name, "Eff. rank").rank for r in four.rows if r.name == "bert"} == {0}
    assert cell(four, "roberta", "Align.", "published").rank == 1


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_missing_cells_have_a_reason_and_no_number(make: Make, status: str) -> None:
    table = tables([make(status=status), make("roberta", family="roberta")], "II")["II"]
    missing = cell(table, "bert", "MR")
    assert (missing.value, missing.printed, missing.status, missing.flag) == (None, "", status, "")


def test_not_run_and_not_reported_are_told_apart(make: Make) -> None:
    table = tables([make(), make("roberta", "polarity/cr/senteval-lr/1", metrics={"other": 0.5})], "II")["II"]
    assert cell(table, "bert", "CR").status == "not-run"
    assert cell(table, "roberta", "CR").status == "undefined"
    assert "SST5 (senteval-lr/1)" in notes(table), "a column without any record is left out and named"
    assert not [c for c in table.columns if c.corpus == "sst5" and c.origin == "measured"]


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
    assert {"II", "II/senteval-lr/1", "II/senteval-compat/1", "III/ekman6-single/1", "IV/ekman6-mapped/1"} <= set(keys)


def test_published_numbers_stand_beside_the_newest_version_alone(make: Make) -> None:
    records = [make("bert", f"polarity/mr/senteval-lr/{version}") for version in (9, 10)]
    built = tables(records)
    assert {c.protocol for c in built["II"].columns if c.origin == "measured"} == {"senteval-lr/10"}
    assert not [c for c in built["II/senteval-lr/9"].columns if c.origin == "published"]


def test_errors_stand_in_both_units(suite: list[Record]) -> None:
    table = tables(suite)["I/emobank/official/1"]
    assert [(c.group, c.head) for c in table.columns][:4] == [
        ("Valence", "r"),
        ("Valence", "ρ"),
        ("Valence", "MAE"),
        ("Valence", "MAE\nobs."),
    ]
    errors = [c.printed for c, k in zip(row(table, "bert").cells, table.columns, strict=True) if k.head == "MAE\nobs."]
    assert errors == ["0.110", "0.120"]
    assert "observed minimum and maximum" in notes(table)


def test_without_observed_errors_there_is_no_such_column(make: Make) -> None:
    table = tables([make(task="valence-arousal/emobank/official/1", metrics={"valence.pearson": 0.5})])[
        "I/emobank/official/1"
    ]
    assert "MAE\nobs." not in [column.head for column in table.columns]
    assert cell_of(table, "valence.mae").status == "undefined"


def cell_of(table: Table, metric: str) -> Cell:
    return next(c for c, k in zip(table.rows[0].cells, table.columns, strict=True) if k.metric == metric)


def test_remarks_on_the_papers_corpora(suite: list[Record]) -> None:
    built = tables(suite)
    pooled = notes(built["I/pooled/pooled/1"])
    assert "EmoBank's test rows were most likely in its training" in pooled
    assert "IEMOCAP" in pooled
    assert "BERT-PT" in pooled
    assert "carries" not in pooled
    assert "1,665 of the 2,210" in notes(built["II"])
    assert "average is not stated" in notes(built["III"])
    assert "macro average" in built["III"].columns[0].group


def test_seeds_are_averaged_and_said_so(make: Make) -> None:
    records = [make(seed=s, metrics={"accuracy": x}) for s, x in ((0, 0.70), (1, 0.80))]
    table = tables([*records, make("roberta")], "II")["II"]
    assert cell(table, "bert", "MR").printed == "75.00"
    assert "Means over 2 seeds" in notes(table)
    assert "other numbers are of one run" in notes(table)


def test_failed_seeds_are_said(make: Make) -> None:
    table = tables([make(seed=0), make(seed=1, status="failed")], "II")["II"]
    assert "bert: MR (1 of 2)" in notes(table)


def test_numbers_that_cannot_be_compared_are_said(make: Make) -> None:
    table = tables([make(data="x"), make("roberta", data="y")], "II")["II"]
    assert "not all models were scored on the same data (polarity/mr/senteval-lr/1)" in notes(table)
    table = tables([make(fingerprint="x"), make(task="polarity/cr/senteval-lr/1", fingerprint="y")], "II")["II"]
    assert "weights changed between the numbers of a row (bert)" in notes(table)


def test_an_explicit_table_without_results_shows_the_papers(make: Make) -> None:
    records = [make()]
    assert set(tables(records)) == {"overview", "II"}
    (four,) = build_tables(records, which=["IV"])
    assert len(four.rows) == 9
    assert build_tables(records, which=["IV"], published=False) == []
    assert build_tables([]) == []


def test_the_overview_has_the_main_metric_of_every_task(suite: list[Record]) -> None:
    table = tables(suite)["overview"]
    assert [(c.corpus, c.metric) for c in table.columns] == [
        ("", "parameters"),
        ("emobank", "valence.pearson"),
        ("emobank", "valence.pearson"),
        ("facebook", "valence.pearson"),
        ("emotales", "valence.pearson"),
        ("pooled", "valence.pearson"),
        ("cr", "accuracy"),
        ("mr", "accuracy"),
        ("sst5", "accuracy"),
        ("imdb", "accuracy"),
        ("goemotions", "macro.f1"),
        ("goemotions", "separation"),
    ]
    assert row(table, "bert").cells[0].printed == "109.5"
    assert row(table, "lexicon").cells[0].status == "blank"


def test_a_suites_tasks_choose_and_order_the_overview(suite: list[Record]) -> None:
    tasks = {"polarity/mr/senteval-lr/1": ("accuracy",), "geometry/goemotions/ekman6-mapped/1": ("separation",)}
    (table, *rest) = build_tables(suite, suite="mine", tasks=tasks)
    assert [column.metric for column in table.columns] == ["parameters", "accuracy", "separation"]
    assert [t.key for t in rest] == ["II", "IV"]


def test_the_sample_is_no_benchmark_of_record(make: Make) -> None:
    records = [make(task="polarity/sample/sample/1"), make("roberta", task="polarity/sample/sample/1")]
    (table,) = build_tables(records, suite="sample")
    assert "No benchmark of record" in table.caption
    assert table.key == "overview"


def test_models_of_one_title_are_told_apart(make: Make) -> None:
    table = tables([make("bert", title="BERT"), make("bert@mean", title="BERT")], "II", published=False)["II"]
    assert [row.title for row in table.rows] == ["BERT (bert)", "BERT (bert@mean)"]


def test_the_order_of_records_does_not_matter(suite: list[Record]) -> None:
    shuffled = suite.copy()
    random.Random(5).shuffle(shuffled)
    assert build_tables(shuffled) == build_tables(suite)


def test_percent_is_for_accuracy_alone(make: Make) -> None:
    record = make(task="emotion/goemotions/ekman6-mapped/1", metrics={"accuracy": Metric(0.7384), "macro.f1": 0.7614})
    table = tables([record], "III")["III"]
    assert [cell(table, "bert", head).printed for head in ("Acc.", "F1")] == ["73.84", "0.761"]


def test_rows_must_fit_their_columns() -> None:
    column = Column(key="k", head="h", group="", metric="accuracy", origin="measured")
    from harness.leaderboard.table import Block

    with pytest.raises(ValueError, match="0 cells in 1 columns"):
        Table(
            key="t",
            title="",
            caption="",
            columns=(column,),
            blocks=(Block(title="", rows=(Row(name="n", title="", cells=()),)),),
        )
