"""Make the files of ``onnx/`` anew: exports of torchvision's and timm's networks by both exporters, without their weights.

    python tests/frameworks/make_onnx.py FOLDER

Every parameter is drawn at random first: exporters leave out a bias of zeros, and write equal numbers once. What stays of a
constant is its shape, and the numbers of small ones, which are sizes and axes.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

from torch_oracles import torchvision_models

TORCHVISION = (
    "densenet121", "efficientnet_b0", "googlenet", "inception_v3", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
    "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1", "convnext_tiny", "vit_b_16",
)  # fmt: skip
TIMM = (
    "mobilenetv1_100", "mobilenetv4_conv_small", "mobilenetv4_hybrid_medium", "ghostnet_100", "mobileone_s0", "mixnet_s", "repvgg_a0", "lcnet_050",
    "tinynet_e", "fbnetc_100", "tf_efficientnet_b0", "tf_mobilenetv3_small_100", "mobilevit_xxs", "efficientvit_b0", "repvit_m0_9", "regnetx_002",
)  # fmt: skip
SIZES = {"inception_v3": 96, "vit_b_16": 32, "mobilenetv4_hybrid_medium": 96}
SMALL = 16
"""Numbers of a constant that are kept."""


def built(name: str) -> Any:
    """The network of a name, in inference."""
    if name in TORCHVISION:
        more: dict[str, Any] = {
            "googlenet": {"init_weights": False, "aux_logits": False},
            "vit_b_16": {"image_size": 32},
        }.get(name, {})
        if name == "inception_v3":
            more = {"init_weights": False, "aux_logits": False}
        return torchvision_models().get_model(name, weights=None, **more).eval()
    torchvision_models()
    import timm

    return timm.create_model(name, pretrained=False).eval()


def size_of(name: str) -> int:
    """The side of the input that a network is exported at."""
    return SIZES.get(name, 64)


def stripped(data: bytes) -> bytes:
    """A file without the numbers of its weights, and without what is said of it."""
    import onnx

    model = onnx.ModelProto.FromString(data)
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
        node.ClearField("name")
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    tensors = [
        *model.graph.initializer,
        *[a.t for node in model.graph.node for a in node.attribute if a.name == "value"],
    ]
    for tensor in tensors:
        size = 1
        for side in tensor.dims:
            size *= side
        if size > SMALL:
            for field in ("raw_data", "float_data", "int64_data", "int32_data", "double_data"):
                tensor.ClearField(field)
            del tensor.external_data[:]
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="left_out")
    found: bytes = model.SerializeToString(deterministic=True)
    return found


def main(folder: Path) -> None:
    """Export, strip and write all of them."""
    import torch

    torch.manual_seed(0)
    for name in (*TORCHVISION, *TIMM):
        model = built(name)
        with torch.no_grad():
            for key, values in model.state_dict().items():
                if not key.endswith("num_batches_tracked"):
                    values.uniform_(0.5, 1.5)
        for dynamo in (False, True):
            path = folder / "export.onnx"
            side = size_of(name)
            torch.onnx.export(model, (torch.zeros(1, 3, side, side),), str(path), dynamo=dynamo)
            target = folder / f"{name}.{'dynamo' if dynamo else 'script'}.onnx.gz"
            target.write_bytes(gzip.compress(stripped(path.read_bytes()), mtime=0))
            path.unlink()
            path.with_suffix(".onnx.data").unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
