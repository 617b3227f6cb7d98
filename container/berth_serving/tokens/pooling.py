"""From the states of tokens to the vector of a text, as sentence-transformers does it.

Held against sentence-transformers 6.2.0, which reads and writes both forms of the modes.
https://github.com/huggingface/sentence-transformers
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from ..errors import LoadError
from .arrays import Array

Step = Callable[[Array], Array]

# By the name of the mode since version 5.5, and by its key before.
_POOLED: dict[tuple[str, str], Step] = {
    ("cls", "pooling_mode_cls_token"): lambda states: states[0],
    ("max", "pooling_mode_max_tokens"): lambda states: states.max(0),
    ("mean", "pooling_mode_mean_tokens"): lambda states: states.mean(0),
    ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"): lambda states: (
        states.sum(0) / np.sqrt(len(states))
    ),
    ("weightedmean", "pooling_mode_weightedmean_tokens"): lambda states: np.average(
        states, 0, np.arange(1, len(states) + 1)
    ),
    ("lasttoken", "pooling_mode_lasttoken"): lambda states: states[-1],
}
_ACTIVATIONS: dict[str, Step] = {
    "torch.nn.modules.activation.Tanh": np.tanh,
    "torch.nn.modules.linear.Identity": lambda vector: vector,
    "torch.nn.modules.activation.ReLU": lambda vector: np.maximum(vector, 0),
}


class Pooling:
    """The modules behind the transformer that modules.json lists.

    Attributes:
        transformer: the folder of the transformer.

    Raises:
        LoadError: where a module is none that is known.
    """

    def __init__(self, folder: Path) -> None:
        listed = json.loads((folder / "modules.json").read_bytes())
        modules = [(str(one["type"]).rsplit(".", 1)[-1], folder / one["path"]) for one in listed]
        if not modules or modules[0][0] != "Transformer":
            raise LoadError(f"{folder / 'modules.json'}: the first module is no Transformer")
        self.transformer = modules[0][1]
        self._steps = [_step(kind, place) for kind, place in modules[1:]]

    def __call__(self, states: Array) -> Array:
        """The vector of a text from the states [tokens, width] of its tokens."""
        vector = states
        for step in self._steps:
            vector = step(vector)
        return vector


def _step(kind: str, folder: Path) -> Step:
    if kind == "Pooling":
        return _pooled(folder / "config.json")
    if kind == "Dense":
        return _dense(folder)
    if kind == "Normalize":
        return lambda vector: vector / max(float(np.linalg.norm(vector)), 1e-12)
    raise LoadError(f"{folder.parent / 'modules.json'}: the module {kind} is not known")


def _pooled(file: Path) -> Step:
    config: dict[str, Any] = json.loads(file.read_bytes())
    named = config.get("pooling_mode", ())
    names = {named} if isinstance(named, str) else set(named)
    modes = [
        step for (name, key), step in _POOLED.items() if name in names or config.get(key) is True
    ]
    if not modes or len(modes) < len(names):
        raise LoadError(f"{file}: names no pooling mode that is known")
    return lambda states: np.concatenate([mode(states) for mode in modes]).astype(np.float32)


def _dense(folder: Path) -> Step:
    config = json.loads((folder / "config.json").read_bytes())
    name = str(config.get("activation_function"))
    if name not in _ACTIVATIONS:
        raise LoadError(f"{folder / 'config.json'}: the activation {name} is not known")
    if not (folder / "model.safetensors").exists():
        raise LoadError(
            f"{folder}: no model.safetensors; save_pretrained(safe_serialization=True) writes one"
        )
    weights = load_file(folder / "model.safetensors")
    weight, bias = weights["linear.weight"], weights.get("linear.bias", np.float32(0))
    return lambda vector: _ACTIVATIONS[name](weight @ vector + bias)
