"""The page of the tasks is written from the tasks, and is up to date."""

from harness.document import page
from harness.registry import tasks


def test_the_committed_page_is_the_tasks_own_words(repository):
    assert (repository / "docs" / "tasks.md").read_text("utf-8") == page(), "run `make docs`"


def test_every_task_and_corpus_is_on_it():
    shown = page()
    for name, task in tasks().items():
        if type(task).__module__.startswith("harness."):
            assert f"| `{name}` | {task.summary}" in shown
            assert task.source in shown
            assert f"`{task.metrics[0]}`" in shown
            for corpus in task.corpora:
                assert f"**`{corpus}`**:" in shown
