"""What SageMaker's containers of PyTorch and scikit-learn do without input_fn and predict_fn.

https://github.com/aws/sagemaker-pytorch-inference-toolkit (default_pytorch_inference_handler.py),
https://github.com/aws/sagemaker-scikit-learn-container (handler_service.py). A document that is no
array, and texts, reach a predict_fn as they are.
"""

import sys
from typing import Any

from ..codecs.media import CSV, JSON, Format
from ..errors import wrong_schema


def is_torch(model: Any) -> bool:
    """Whether a model is a module of PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def is_sklearn(model: Any) -> bool:
    """Whether a model is an estimator of scikit-learn."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(model, base.BaseEstimator)


def array_of(value: Any, given: Format, *, rows: bool = False) -> Any:
    """What was read of a body as an array; with `rows`, one row stands for itself."""
    if isinstance(value, dict):
        return value
    import numpy as np  # noqa: PLC0415

    try:
        array = np.array(value) if given.kind in {JSON, CSV} else np.asarray(value)
    except ValueError as error:
        raise wrong_schema("must be rows of equally many numbers") from error
    if array.dtype.kind not in "biuf":
        return value
    if rows and array.ndim == 1:
        array = array.reshape(1, -1)
    return array.astype(np.float32) if given.kind in {JSON, CSV} else array


def tensor_of(value: Any, given: Format) -> Any:
    """What was read of a body as a tensor, on the GPU if there is one."""
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    array = array_of(value, given)
    return torch.from_numpy(array).to(_device()) if isinstance(array, np.ndarray) else array


def call_module(module: Any, data: Any) -> Any:
    """Call a module, in evaluation and without gradients."""
    import torch  # noqa: PLC0415

    if isinstance(data, dict | list | str):
        raise wrong_schema("must be an array of numbers, as the model has no predict_fn")
    with torch.no_grad():
        made = module.to(_device()).eval()(data.to(_device()) if hasattr(data, "to") else data)
    return made.detach().cpu().numpy() if isinstance(made, torch.Tensor) else made


def _device() -> Any:
    import torch  # noqa: PLC0415

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
