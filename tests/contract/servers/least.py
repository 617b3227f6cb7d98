"""A server that offers nothing that is optional, and does not start for many models."""

import os
import sys

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.contract.servers.good import Server


class Least(Server):
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
            ]
        )

    def add_headers(self, *_: object) -> None:
        pass

    def encoded(self, predictions: list[float], accept: str) -> Response:
        return super().encoded(predictions, "")


if __name__ == "__main__":
    if "SAGEMAKER_MULTI_MODEL" in os.environ:
        sys.exit("there is one model")
    Least().run()
