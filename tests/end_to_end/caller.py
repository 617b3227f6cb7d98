"""Traffic while a deployment goes on."""

import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.end_to_end.example_model import entities


class Caller:
    """A client that never stops asking, and remembers every answer and every failure."""

    def __init__(self, client: Any, endpoint: str) -> None:
        self.answers: list[set[tuple[str, str]]] = []
        self.failures: list[str] = []
        self._client = client
        self._endpoint = endpoint
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._enough.is_set():
            try:
                self.answers.append(entities(self._client, self._endpoint))
            except (ClientError, BotoCoreError) as error:
                self.failures.append(str(error))

    def __enter__(self) -> "Caller":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
