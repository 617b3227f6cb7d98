"""What clients see of the running program."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.container.process import Server

pytestmark = pytest.mark.slow

JSON = "application/json"
ANNA = [{"text": "Anna", "label": "NAME", "score": 1.0, "start": 0, "end": 4}]


def spans(text: str) -> list[dict[str, Any]]:
    """What the model finds in texts of one capitalised word at their start."""
    name = text.split(maxsplit=1)[0]
    return [{"text": name, "label": "NAME", "score": 1.0, "start": 0, "end": len(name)}]


def test_ping_is_200_with_an_empty_body(spans_server: Server) -> None:
    answer = spans_server.request("GET", "/ping")
    assert (answer.status, answer.body) == (200, b"")


def test_texts_get_a_prediction_each(spans_server: Server) -> None:
    answer = spans_server.invoke({"text": ["Anna sings", "nobody", "Anna"]})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == JSON
    assert answer.json == {"predictions": [ANNA, [], ANNA]}


def test_no_texts_get_none(spans_server: Server) -> None:
    assert spans_server.invoke({"text": []}).json == {"predictions": []}


@pytest.mark.parametrize(
    "document",
    [
        {"text": "Anna sings"},
        {"dataframe_split": {"columns": ["text"], "data": [["Anna sings"]]}},
        {"dataframe_records": [{"text": "Anna sings"}]},
        {"instances": [{"text": "Anna sings"}]},
        {"instances": ["Anna sings"]},
        {"inputs": {"text": ["Anna sings"]}},
        {"inputs": ["Anna sings"]},
    ],
)
def test_every_shape_gets_the_same_answer(spans_server: Server, document: object) -> None:
    assert spans_server.invoke(document).json == {"predictions": [ANNA]}


def test_csv_too(spans_server: Server) -> None:
    for content_type in ("text/csv", "text/csv; charset=utf-8"):
        answer = spans_server.request(
            "POST", "/invocations", b"text\nAnna sings\n", {"Content-Type": content_type}
        )
        assert answer.json == {"predictions": [ANNA]}


def test_params_reach_the_model(spans_server: Server) -> None:
    answer = spans_server.invoke({"text": "Anna", "params": {"label": "SINGER"}})
    assert answer.json["predictions"][0][0]["label"] == "SINGER"


def test_json_is_assumed_without_a_content_type(spans_server: Server) -> None:
    answer = spans_server.request("POST", "/invocations", b'{"text": "Anna sings"}')
    assert answer.json == {"predictions": [ANNA]}


@pytest.mark.parametrize(
    ("document", "code", "where", "says"),
    [
        ({"text": ["a", 5]}, "wrong_schema", "text[1]", "must be a string"),
        ({"words": ["a"]}, "wrong_schema", None, "exactly one of text, dataframe_split"),
        ({"dataframe_records": [{"words": "a"}]}, "wrong_schema", None, "missing inputs ['text']"),
        ({"text": "a", "params": {"label": 3}}, "wrong_schema", None, "label"),
    ],
)
def test_what_the_model_does_not_take_is_400(
    spans_server: Server, document: object, code: str, where: str | None, says: str
) -> None:
    answer = spans_server.invoke(document)
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["code"], error.get("where")) == (code, where)
    assert says in error["message"]


def test_what_is_no_json_is_400_with_the_place(spans_server: Server) -> None:
    answer = spans_server.request("POST", "/invocations", b'{"text": [}')
    assert (answer.status, answer.json["error"]["where"]) == (400, "line 1, column 11")


@pytest.mark.parametrize(
    ("request_line", "headers", "status", "code"),
    [
        ("GET /", {}, 404, "not_found"),
        ("POST /invocations/", {}, 404, "not_found"),
        ("GET /docs", {}, 404, "not_found"),
        ("GET /invocations", {}, 405, "method_not_allowed"),
        ("POST /ping", {}, 405, "method_not_allowed"),
        ("POST /invocations", {"Accept": "image/png"}, 406, "not_acceptable"),
        ("POST /invocations", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ],
)
def test_what_is_not_served_is_said(
    spans_server: Server, request_line: str, headers: dict[str, str], status: int, code: str
) -> None:
    method, path = request_line.split()
    answer = spans_server.request(method, path, b'{"text": "a"}', headers)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_a_failure_of_the_model_is_500_and_its_frames_are_for_the_log(
    spans_server: Server,
) -> None:
    answer = spans_server.invoke({"text": "RAISE"})
    assert (answer.status, answer.json["error"]["code"]) == (500, "model_error")
    assert b"Traceback" not in answer.body
    assert b"secret" not in answer.body
    request_id = answer.json["error"]["request_id"]
    lines = [line for line in spans_server.lines() if line.get("request_id") == request_id]
    (traceback,) = [line["traceback"] for line in lines if "traceback" in line]
    assert "spans.py" in traceback
    assert "builtins.ValueError" in traceback
    assert spans_server.invoke({"text": "Anna"}).status == 200


def test_custom_attributes_and_the_inference_id_come_back_and_the_latter_is_logged(
    spans_server: Server,
) -> None:
    for document, status in (({"text": "Anna"}, 200), ({"text": 1}, 400)):
        answer = spans_server.invoke(
            document,
            **{
                "X-Amzn-SageMaker-Custom-Attributes": f"trace={status}",
                "X-Amzn-SageMaker-Inference-Id": f"id-{status}",
            },
        )
        assert answer.status == status
        assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == f"trace={status}"
        assert answer.headers["X-Amzn-SageMaker-Inference-Id"] == f"id-{status}"
        line = next(x for x in spans_server.lines() if x.get("inference_id") == f"id-{status}")
        assert ("custom_attributes" in line, line["status"]) == (False, status)
        assert line.get("code") == answer.json.get("error", {}).get("code")


def test_a_body_over_the_limit_is_413(spans_server: Server) -> None:
    answer = spans_server.invoke({"text": "a" * 100_000})
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


def test_a_chunked_body_over_the_limit_is_413_before_its_end_and_is_not_kept(
    spans_server: Server,
) -> None:
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", spans_server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunk * 11
        )
        assert answer_on(connection) == 413
        # What is still to come of it is passed over, and the connection goes on.
        connection.sendall(chunk * 500 + b"0\r\n\r\n" + b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n")
        assert answer_on(connection) == 200


def answer_on(connection: socket.socket) -> int:
    """Read one answer to its end, and return its status."""
    with HTTPResponse(connection) as response:
        response.begin()
        response.read()
        return response.status


def test_sixteen_clients_at_once_each_get_their_own_answer(spans_server: Server) -> None:
    def ask(client: int) -> bool:
        texts = [[f"N{client}x{n} sings", f"M{client}x{n}"] for n in range(20)]
        return all(
            spans_server.invoke({"text": pair}).json == {"predictions": [*map(spans, pair)]}
            for pair in texts
        )

    with ThreadPoolExecutor(16) as clients:
        assert all(clients.map(ask, range(16)))


def test_numbers_that_json_lacks_are_null(table_model: Path, tmp_path: Path) -> None:
    with Server(table_model, tmp_path / "log") as server:
        server.wait_until_ready()
        answer = server.invoke(
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 4.0], [0.0, 0.0]]}}
        )
        assert json.loads(answer.body) == {"predictions": [0.25, None]}
        refused = server.invoke({"text": ["Anna"]})
        assert refused.status == 400
        assert "missing inputs ['a', 'b']" in refused.json["error"]["message"]


def test_a_pickled_model_is_served(pickled_model: Path, tmp_path: Path) -> None:
    with Server(pickled_model, tmp_path / "log") as server:
        server.wait_until_ready()
        assert server.invoke({"text": "Anna"}).json == {"predictions": ["ANNA"]}
