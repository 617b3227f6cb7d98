"""The example by which a worker is checked later is one row of the model's own."""

import json
from typing import Any

import pytest

from berth_serving.servable import Job, Request, Response
from berth_serving.worker.self_test import prove


class Model:
    """Predicts whatever it is given, but what has one row if it is `narrow`."""

    mixes = False

    def __init__(self, document: Any, *, narrow: bool = False) -> None:
        self.example: Request | None = Request(json.dumps(document).encode())
        self._narrow = narrow

    def open(self, request: Request) -> Job:
        return Job([json.loads(request.body)], [1])

    def forward(self, items: Any) -> Any:
        if self._narrow and len(items[0]["text"]) == 1:
            raise ValueError("two rows at least")
        return items

    def finish(self, _: Job, __: Any) -> Response:
        return Response(b"")


@pytest.mark.parametrize(
    ("example", "row"),
    [
        ({"text": ["a", "b"], "params": {"k": [1, 2]}}, {"text": ["a"], "params": {"k": [1, 2]}}),
        ({"instances": [1, 2]}, {"instances": [1]}),
        ({"inputs": {"a": [1, 2], "b": [3, 4]}}, {"inputs": {"a": [1], "b": [3]}}),
        (
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}},
        ),
        ({"text": "a"}, {"text": "a"}),
    ],
)
def test_the_example_is_cut_to_its_first_row(example: Any, row: Any) -> None:
    canary = prove(Model(example), messages=False)
    assert canary is not None
    assert json.loads(canary.body) == row


def test_a_model_that_does_not_predict_one_row_is_asked_for_all() -> None:
    model = Model({"text": ["a", "b"]}, narrow=True)
    assert prove(model, messages=False) == model.example
