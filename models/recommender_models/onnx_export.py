"""The child process of `compilation`: torch in, int8 ONNX out.

    python -m recommender_models.onnx_export SOURCE_FOLDER DESTINATION_FOLDER

Mean pooling over the attention mask and normalisation are part of the graph (Reimers and
Gurevych 2019). Weights are read from safetensors only.
"""

from __future__ import annotations

import logging
import shutil
import sys
import warnings
from pathlib import Path


def export(source: Path, destination: Path) -> None:
    """Write model.onnx (int8) and tokenizer.json into the destination."""
    import torch
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(
        source, use_safetensors=True, local_files_only=True, attn_implementation="eager"
    ).eval()

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    sample = torch.tensor([[101, 7592, 2088, 102], [101, 7592, 102, 0]]) % encoder.config.vocab_size
    plain = destination / "plain.onnx"
    torch.onnx.export(
        Pooled().eval(),
        (sample, (sample > 0).long()),
        str(plain),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={
            "input_ids": {0: "batch", 1: "tokens"},
            "attention_mask": {0: "batch", 1: "tokens"},
            "vectors": {0: "batch"},
        },
        opset_version=17,
        dynamo=False,
    )
    quantize(plain, destination / "model.onnx")
    for path in destination.glob("plain.onnx*"):
        path.unlink()
    shutil.copyfile(source / "tokenizer.json", destination / "tokenizer.json")


def quantize(plain: Path, quantized: Path) -> None:
    """Weights to int8, per channel; 7 bits of range, for CPUs without VNNI overflow at 8."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        plain, quantized, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    export(Path(sys.argv[1]), Path(sys.argv[2]))
