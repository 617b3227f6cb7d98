"""A chat model: it says what it was told, whole or in two parts."""

from collections.abc import Iterator
from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc.model import ChatModel
from mlflow.types.llm import ChatCompletionChunk, ChatCompletionResponse, ChatParams


class Chat(ChatModel):  # type: ignore[misc]
    """Says it again."""

    def predict(self, context: Any, messages: Any, params: ChatParams) -> ChatCompletionResponse:
        content = f"{messages[-1].content} at {params.temperature}"
        message = {"role": "assistant", "content": content}
        return ChatCompletionResponse.from_dict({"choices": [{"message": message}], "created": 1})

    def predict_stream(
        self, context: Any, messages: Any, params: ChatParams
    ) -> Iterator[ChatCompletionChunk]:
        content = messages[-1].content
        if content == "fail":
            raise ValueError(content)
        for part in (content[:2], content[2:]):
            delta = {"role": "assistant", "content": part}
            yield ChatCompletionChunk.from_dict({"choices": [{"delta": delta}]})


set_model(Chat())
