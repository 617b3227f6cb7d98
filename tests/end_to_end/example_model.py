"""What the example model is asked, what it answers, and how it is changed."""

import json
from pathlib import Path
from typing import Any

TEXT = "Marta Keller joined Northwind Labs in Lisbon."
ENTITIES = {("Marta Keller", "PER"), ("Northwind Labs", "ORG"), ("Lisbon", "LOC")}
REQUEST = json.dumps({"text": [TEXT]}).encode()


def named(prediction: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """The entities of one text's prediction."""
    return {(entity["text"], entity["label"]) for entity in prediction}


def answered(body: bytes) -> set[tuple[str, str]]:
    """The entities of the answer to REQUEST."""
    (prediction,) = json.loads(body)["predictions"]
    return named(prediction)


def entities(client: Any, endpoint: str, **more: str) -> set[tuple[str, str]]:
    """What an endpoint answers to REQUEST; `more`: of InvokeEndpoint's parameters."""
    answer = client.invoke_endpoint(
        EndpointName=endpoint, ContentType="application/json", Body=REQUEST, **more
    )
    return answered(answer["Body"].read())


def names_no_longer_an_entity(model: Path, term: str) -> None:
    """Change the model as a data scientist would: one more term that is no entity."""
    (terms,) = model.rglob("false_positives.txt")
    terms.write_text(f"{terms.read_text().rstrip()}\n{term}\n")


def fails_on_the_request(model: Path) -> None:
    """Break the model where no health check sees it: its own example passes, REQUEST does not."""
    code = model / "ner.py"
    start = "    if not word_ids:\n"
    assert code.read_text().count(start) == 1
    fault = f"    if text == {TEXT!r}:\n        raise RuntimeError('a fault of the new model')\n"
    code.write_text(code.read_text().replace(start, fault + start))
