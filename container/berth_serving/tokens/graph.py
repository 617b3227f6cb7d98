"""The ONNX graph of a BERT-like model, over tokens without padding.

Linear layers, norms and activations take the tokens of all rows as one matrix [tokens, width].
Only attention is computed by rows: heads are gathered into [rows, heads, longest, size] by indices
that are inputs, and gathered back. com.microsoft's fused operators (GELU with its bias, a norm with
its residual, attention) are not used, as they were slower in measurements.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper

from .arrays import Array, Head
from .families import Family

_CACHE_WAY = 4096  # bytes; rows at this distance compete for the same first-level cache lines
_PAD = 16
# Without VNNI, x86 multiplies activations (0 to 255) by signed weights in pairs, whose sum
# saturates at 16 bits (vpmaddubsw). With weights up to 64, no such sum reaches that limit (2 * 255
# * 64 = 32,640), so that every CPU computes the same integers, each with its fastest kernel. See
# "When and why do I need to try U8U8?" and `reduce_range` in
# https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
_MOST_WEIGHT = 64


class Graph:
    """The nodes and weights of a graph; ONNX Runtime gets the weights beside the graph.

    With `int8`, the linear layers are quantized: weights by column, within `_MOST_WEIGHT`, and
    activations to 8 bits at run time.
    """

    def __init__(self, *, int8: bool) -> None:
        self.weights: dict[str, Array] = {}
        self._int8 = int8
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator; return the name of its result."""
        name = f"{kind}{len(self._nodes)}"
        node = helper.make_node(kind, inputs, [name], domain=domain, **attributes)
        self._nodes.append(node)
        return name

    def weight(self, value: Array) -> str:
        """Add a weight."""
        name = f"weight{len(self.weights)}"
        self.weights[name] = np.ascontiguousarray(value)
        return name

    def constant(self, value: Array) -> str:
        """Add a small array that is part of the graph: a shape or a number."""
        name = f"constant{len(self._constants)}"
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self._constants.append(helper.make_tensor(name, kind, value.shape, value.ravel()))
        return name

    def linear(self, x: str, weight: Array, bias: Array) -> str:
        """Add x @ weight + bias; the weight has the shape [in, out]."""
        if not self._int8:
            return self.op("Add", self.op("MatMul", x, self.weight(weight)), self.weight(bias))
        scale = np.maximum(np.abs(weight).max(0) / _MOST_WEIGHT, np.float32(1e-12))
        quantized = np.rint(weight / scale).astype(np.int8)
        inputs = (self.weight(quantized), self.weight(scale), "", self.weight(bias))
        return self.op("DynamicQuantizeMatMul", x, *inputs, domain="com.microsoft")

    def model(self, inputs: Mapping[str, tuple[int, list[Any]]], output: str) -> ModelProto:
        """Return the model, which has the names of its weights alone."""
        described = [helper.make_tensor_value_info(name, *of) for name, of in inputs.items()]
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        outside = [_placeholder(name, value) for name, value in self.weights.items()]
        graph = helper.make_graph(
            self._nodes, "encoder", described, [result], [*self._constants, *outside]
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def build(
    shape: Family, take: Callable[[str], Array], *, head: Head, int8: bool
) -> tuple[ModelProto, Graph]:
    """Build the graph of a model.

    Its inputs are those of `onnx_engine.feed`; its output is that of the head, for all rows.
    `take` returns a weight by its name in the family, as float32.
    """
    graph = Graph(int8=int8)
    layers = _Layers(graph, shape, take)
    x = layers.embedded()
    for index in range(shape.layers):
        x = layers.layer(x, shape.names.layer.format(index))
    integer, real = TensorProto.INT32, TensorProto.FLOAT
    inputs: dict[str, tuple[int, list[Any]]] = {
        "ids": (integer, ["tokens"]),
        "positions": (integer, ["tokens"]),
        "heads": (integer, ["rows", shape.heads, "longest"]),
        "back": (integer, ["tokens", shape.heads]),
        "mask": (real, ["rows", 1, 1, "longest"]),
    }
    if head is Head.TAGS:
        logits = _float_linear(graph, x, take("classifier.weight").T, take("classifier.bias"))
        x = graph.op("Softmax", logits, axis=-1)
    elif head is Head.CLASSES:
        inputs["firsts"] = (integer, ["rows"])
        x = graph.op("Gather", x, "firsts")
        for name, activation in shape.sequence_head:
            x = _float_linear(graph, x, take(f"{name}.weight").T, take(f"{name}.bias"))
            x = graph.op(activation, x) if activation else x
    return graph.model(inputs, x), graph


class _Layers:
    """The layers of a model."""

    def __init__(self, graph: Graph, shape: Family, take: Callable[[str], Array]) -> None:
        self._graph, self._shape, self._take = graph, shape, take
        size = shape.width // shape.heads
        self._scale = np.float32(size**-0.5)
        self._by_head = graph.constant(np.array([-1, size]))
        self._by_token = graph.constant(np.array([-1, shape.width]))
        # A token's heads are in a row: those of the query, of the key, of the value.
        self._places = [
            "heads",
            *(
                graph.op("Add", "heads", graph.constant(np.array(shape.heads * n, np.int32)))
                for n in (1, 2)
            ),
        ]

    def embedded(self) -> str:
        graph, take = self._graph, self._take
        where = take("embeddings.position_embeddings.weight")
        if self._shape.names.prefix != "distilbert.":
            where = where + take("embeddings.token_type_embeddings.weight")[0]
        words = graph.weight(take("embeddings.word_embeddings.weight"))
        word = graph.op("Gather", words, "ids")
        place = graph.op("Gather", graph.weight(where[self._shape.ahead :]), "positions")
        return self._norm(graph.op("Add", word, place), "embeddings.LayerNorm")

    def layer(self, x: str, name: str) -> str:
        names, graph = self._shape.names, self._graph
        attended = graph.linear(self._attention(x, name), *self._linear(name + names.attended))
        x = self._norm(graph.op("Add", attended, x), name + names.attended_norm)
        wide, bias = self._linear(name + names.wide)
        narrow, narrow_bias = self._linear(name + names.narrow)
        # Padding with zeros: rows at a multiple of the cache's way evict each other, which made
        # the next product take half as long again.
        more = _PAD if wide.shape[1] * wide.itemsize % _CACHE_WAY == 0 else 0
        wide, bias = np.pad(wide, ((0, 0), (0, more))), np.pad(bias, (0, more))
        narrow = np.pad(narrow, ((0, more), (0, 0)))
        inner = graph.op(self._shape.activation, graph.linear(x, wide, bias))
        outer = graph.linear(inner, narrow, narrow_bias)
        return self._norm(graph.op("Add", outer, x), name + names.narrow_norm)

    def _attention(self, x: str, name: str) -> str:
        graph, names = self._graph, self._shape.names
        parts = [self._linear(name + part) for part in (names.query, names.key, names.value)]
        parts[0] = (parts[0][0] * self._scale, parts[0][1] * self._scale)
        weights, biases = zip(*parts, strict=True)
        mixed = graph.linear(x, np.concatenate(weights, 1), np.concatenate(biases))
        heads = graph.op("Reshape", mixed, self._by_head)
        query, key, value = (graph.op("Gather", heads, place) for place in self._places)
        turned = graph.op("Transpose", key, perm=[0, 1, 3, 2])
        scores = graph.op("Add", graph.op("MatMul", query, turned), "mask")
        summed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
        back = graph.op("Gather", graph.op("Reshape", summed, self._by_head), "back")
        return graph.op("Reshape", back, self._by_token)

    def _linear(self, name: str) -> tuple[Array, Array]:
        return self._take(f"{name}.weight").T, self._take(f"{name}.bias")

    def _norm(self, x: str, name: str) -> str:
        graph = self._graph
        weights = [graph.weight(self._take(f"{name}.{part}")) for part in ("weight", "bias")]
        return graph.op("LayerNormalization", x, *weights, epsilon=self._shape.epsilon)


def _float_linear(graph: Graph, x: str, weight: Array, bias: Array) -> str:
    return graph.op("Add", graph.op("MatMul", x, graph.weight(weight)), graph.weight(bias))


def _placeholder(name: str, value: Array) -> TensorProto:
    """Declare a weight outside of the graph, which cannot be larger than 2 GB."""
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    tensor = TensorProto(name=name, data_type=kind, dims=value.shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="beside")
    return tensor
