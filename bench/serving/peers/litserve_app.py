"""LitServe: requests that come within a few milliseconds share a batch, cut by length."""

import os
from typing import Any

import litserve

from bench.serving.peers.recognizer import Recognizer


class Api(litserve.LitAPI):  # type: ignore[misc]
    """The pipeline on batches."""

    def setup(self, device: str) -> None:
        """Load the model in a worker."""
        self._recognize = Recognizer(device)

    def decode_request(self, request: dict[str, Any]) -> str:
        """Take the text of a request."""
        return str(request["text"])

    def predict(self, texts: list[str]) -> list[Any]:
        """Find the entities of a batch."""
        return self._recognize.many(texts)

    def encode_response(self, output: list[Any]) -> dict[str, Any]:
        """Make the answer of a text's entities."""
        return {"predictions": [output]}


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(
            max_batch_size=int(os.environ["BENCH_BATCH"]),
            batch_timeout=float(os.environ["BENCH_BATCH_SECONDS"]),
            api_path="/invocations",
        ),
        accelerator="auto",
        devices=1,
        workers_per_device=int(os.environ["BENCH_WORKERS"]),
        healthcheck_path="/ping",
        timeout=60,
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
