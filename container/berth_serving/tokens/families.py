"""The differences between BERT and related models: the names of settings and weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .text_encoder import positions_ahead


class Unsupported(Exception):  # noqa: N818 - a condition; torch takes the model then
    """The graph cannot compute this model; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the weights in a family of models."""

    prefix: str
    layer: str
    query: str
    key: str
    value: str
    attended: str
    attended_norm: str
    wide: str
    narrow: str
    narrow_norm: str


_BERT = Names(
    prefix="bert.",
    layer="encoder.layer.{}.",
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attended="attention.output.dense",
    attended_norm="attention.output.LayerNorm",
    wide="intermediate.dense",
    narrow="output.dense",
    narrow_norm="output.LayerNorm",
)
_DISTILBERT = Names(
    prefix="distilbert.",
    layer="transformer.layer.{}.",
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attended="attention.out_lin",
    attended_norm="sa_layer_norm",
    wide="ffn.lin1",
    narrow="ffn.lin2",
    narrow_norm="output_layer_norm",
)


_ACTIVATIONS = {"gelu": "Gelu", "relu": "Relu"}  # in ONNX

# From the state of a text's first token to its classes: the layers and what follows each, as the
# family's class …ForSequenceClassification has them.
_POOLED = (("pooler.dense", "Tanh"), ("classifier", ""))
_PRE_CLASSIFIED = (("pre_classifier", "Relu"), ("classifier", ""))
_OF_TWO_LAYERS = (("classifier.dense", "Tanh"), ("classifier.out_proj", ""))


@dataclass(frozen=True, slots=True)
class Family:
    """A model's shape; `ahead` is the number of the first position."""

    names: Names
    prefix: str
    layers: int
    heads: int
    width: int
    ahead: int
    activation: str
    epsilon: float
    sequence_head: tuple[tuple[str, str], ...]


def family(config: Mapping[str, Any]) -> Family:
    """Read a model's shape from its config.json; Unsupported for other architectures."""
    kind = config["model_type"]
    if kind == "distilbert":
        return Family(
            _DISTILBERT,
            _DISTILBERT.prefix,
            layers=config["n_layers"],
            heads=config["n_heads"],
            width=config["dim"],
            ahead=0,
            activation=_activation(config["activation"]),
            epsilon=1e-12,
            sequence_head=_PRE_CLASSIFIED,
        )
    if kind not in {"bert", "roberta", "xlm-roberta", "camembert"}:
        raise Unsupported(f"it is of the type {kind}")
    if config.get("position_embedding_type", "absolute") != "absolute" or config.get("is_decoder"):
        raise Unsupported("it is a variant with other positions, or a decoder")
    return Family(
        _BERT,
        "bert." if kind == "bert" else "roberta.",
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        width=config["hidden_size"],
        ahead=positions_ahead(config),
        activation=_activation(config["hidden_act"]),
        epsilon=config["layer_norm_eps"],
        sequence_head=_POOLED if kind == "bert" else _OF_TWO_LAYERS,
    )


def _activation(name: str) -> str:
    if name not in _ACTIVATIONS:
        raise Unsupported(f"its activation is {name}")
    return _ACTIVATIONS[name]
