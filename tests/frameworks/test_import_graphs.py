"""The recorded graphs in tests/importers/graphs are what the libraries build today; ``--rewrite-goldens`` records them anew."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch
from test_import_torch import build

from mbcost.importers import tracer

pytestmark = pytest.mark.frameworks

GRAPHS = Path(__file__).parent.parent / "importers" / "graphs"
RECORDED = {
    "alexnet": "torchvision", "densenet121": "torchvision", "efficientnet_b0": "torchvision", "ghostnet_100": "timm",
    "googlenet": "torchvision", "mobilenet_v2": "torchvision", "mobilenet_v3_large": "torchvision", "mobilenet_v3_small": "torchvision",
    "mobilenetv4_conv_small": "timm", "regnet_y_400mf": "torchvision", "resnet18": "torchvision", "resnet50": "torchvision",
    "shufflenet_v2_x1_0": "torchvision", "squeezenet1_1": "torchvision", "tf_efficientnet_b0": "timm", "vgg11": "torchvision",
}  # fmt: skip

ATTENTION = (
    "vit_tiny_patch16_224",
    "mobilevit_xxs",
    "efficientformer_l1",
    "mobilenetv4_hybrid_medium",
    "convnext_atto",
)


@pytest.mark.parametrize("name", [*RECORDED, *ATTENTION])
def test_a_recorded_graph_is_what_the_library_builds(name: str, rewriting: bool) -> None:
    more = name in ATTENTION
    traces = tracer.TorchModel(torch, build(RECORDED.get(name, "timm"), name), 10_000).traces(
        [[[3, side, side]] for side in ((224, 225, 256) if more else (224, 225, 192))]
    )
    document = {"schema": tracer.SCHEMA, "framework": "torch", "versions": {"torch": "2.13.0"}, **traces}
    path = GRAPHS / ("attention" if more else "") / f"{name}.json.gz"
    text = json.dumps(document, separators=(",", ":"))
    if rewriting:
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    assert json.loads(gzip.decompress(path.read_bytes())) == json.loads(text)
