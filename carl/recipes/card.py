"""The model card of a re-trained recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def recipe_card(record: Mapping[str, Any]) -> str:
    """Write the card, Markdown.

    Args:
        record: of the run, with `recipe` and `budget`.
    """
    recipe, budget, backbone = record["recipe"], record["budget"], record["backbone"]
    sources = "\n".join(
        f"| {source['title']} | {source['rows']:,} | {source['licence']} |" for source in record["sources"]
    )
    evaluated = ", ".join(recipe["labels_of"])
    labels = f" It is trained on labels of {evaluated}, which the harness evaluates on." if evaluated else ""
    return f"""# {record["name"]}

Our re-training of the recipe {recipe["title"]} from {backbone["title"]}; **not the authors' model**, and not their
data or length of training. It shows what the objective does under a budget that is the same for every recipe.{labels}

Objective: {recipe["citation"]}.
{recipe["choices"]}

The embedding of a text is the last layer's vector of its first token, {record["dimensions"]} numbers.

## Budget

{budget["texts"]:,} distinct texts; {budget["steps"]:,} steps with {budget["batch"]} texts, {budget["passes"]:.2f}
passes. {budget["operations_spent"]:.3g} of {budget["operations"]:.3g} floating-point operations, those of
matrix products, forward and backward. {record["seconds"]:,.0f} seconds on {record["device"]}.
The last step ships; no development data chose it.

## Training data

| source | texts | licence |
| --- | ---: | --- |
{sources}

`{record["hash_file"]}` holds a hash of the normal form of every training text, for marks of overlap.

<details><summary>Configuration</summary>

```json
{json.dumps(record["config"], indent=2, ensure_ascii=False)}
```

Versions: {", ".join(f"{name} {version}" for name, version in record["versions"].items())}.
</details>
"""
