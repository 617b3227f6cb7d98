"""Token classifiers of random weights, small, in transformers' format."""

from pathlib import Path
from typing import Any

from bench.serving.workload import texts, word_pieces

PREFIXED = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
BARE = ("O", "PER", "LOC")
_POSITIONS = {"roberta": 130, "camembert": 130, "xlm-roberta": 130, "mpnet": 130}


def save(
    folder: Path,
    kind: str,
    tags: tuple[str, ...] = PREFIXED,
    *,
    task: str = "AutoModelForTokenClassification",
    **changes: Any,
) -> Path:
    """Write a model of the type of transformers, as `bert`."""
    import torch
    import transformers

    torch.manual_seed(5)
    tokenizer = _byte_level() if kind in _POSITIONS else word_pieces(600, 100, longest=128)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48}
    settings: dict[str, Any] = {
        "vocab_size": tokenizer.vocab_size,
        "pad_token_id": tokenizer.pad_token_id,
        "max_position_embeddings": _POSITIONS.get(kind, 128),
        "id2label": dict(enumerate(tags)),
        "label2id": {tag: index for index, tag in enumerate(tags)},
        "initializer_range": 0.3,  # predictions far apart
        **sizes,
    }
    if kind != "distilbert":
        settings["intermediate_size"] = 48
    config = transformers.AutoConfig.for_model(kind, **settings | changes)
    model = getattr(transformers, task).from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:  # biases and norms, which begin as zeros and ones
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _byte_level() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts(100, seed=3), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=128, **names)
