"""A chat model: it says what it was told, whole or in two parts."""

from collections.abc import Generator
from typing import Any, cast

from mlflow.models import set_model
from mlflow.pyfunc.model import ChatModel
from mlflow.types.llm import ChatCompletionChunk, ChatCompletionResponse, ChatParams


class Chat(ChatModel):
    """Says it again."""

    def predict(  # type: ignore[override] # MLflow's own overrides are not of one signature
        self, context: Any, messages: Any, params: ChatParams
    ) -> ChatCompletionResponse:
        content = f"{messages[-1].content} at {params.temperature}"
        message = {"role": "assistant", "content": content}
        made = {"choices": [{"message": message}], "created": 1}
        return cast(ChatCompletionResponse, ChatCompletionResponse.from_dict(made))

    def predict_stream(  # type: ignore[override]
        self, context: Any, messages: Any, params: ChatParams
    ) -> Generator[ChatCompletionChunk, None, None]:
        content = messages[-1].content
        if content == "fail":
            raise ValueError(content)
        for part in (content[:2], content[2:]):
            delta = {"role": "assistant", "content": part}
            yield ChatCompletionChunk.from_dict({"choices": [{"delta": delta}]})


set_model(Chat())
