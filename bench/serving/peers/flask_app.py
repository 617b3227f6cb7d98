"""Flask under gunicorn: the pipeline in each worker, one thread in each."""

from flask import Flask, Response, jsonify, request

from bench.serving.peers.recognizer import Recognizer

app = Flask(__name__)
recognize = Recognizer()


def ping() -> str:
    """Say that the process runs."""
    return ""


def invocations() -> Response:
    """Answer with the text's entities."""
    return jsonify({"predictions": [recognize(request.get_json()["text"])]})


app.add_url_rule("/ping", view_func=ping)
app.add_url_rule("/invocations", view_func=invocations, methods=["POST"])
