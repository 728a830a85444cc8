"""Every member of the EfficientNet and MobileNet families of timm and torchvision: how a shipped table reaches it, to the
unit, or why none does.

The names are the libraries' own lists, so that a new release shows up here as a difference.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
import torch_oracles
import torch_twins
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import mbcost

pytestmark = pytest.mark.frameworks

MODULES = ("efficientnet", "mobilenetv3", "hardcorenas", "mobilenetv5")
FAMILIES = ("efficientnet", "mnasnet", "mobilenet")  # of torchvision
SIZES = (224, 257)

# member: model, and the alpha where it is not the model's own
REACHED: dict[str, tuple[str, str | None]] = {
    **{f"{tf}efficientnet_b{n}": (f"efficientnet_b{n}", None) for n in range(9) for tf in ("", "tf_")},
    **{f"{tf}efficientnet_lite{n}": (f"efficientnet_lite{n}", None) for n in range(5) for tf in ("", "tf_")},
    **{f"{tf}efficientnet_{size}": (f"efficientnet_{size}", None) for size in ("es", "em", "el") for tf in ("", "tf_")},
    **{f"{tf}efficientnetv2_{size}": (f"efficientnet_v2_{size}", None) for size in ("s", "m", "l", "xl") for tf in ("", "tf_")},
    **{f"tf_efficientnetv2_b{n}": (f"efficientnet_v2_b{n}", None) for n in range(4)},
    "efficientnet_l2": ("efficientnet_l2", None), "tf_efficientnet_l2": ("efficientnet_l2", None),
    "efficientnetv2_rw_s": ("efficientnet_v2_rw_s", None), "efficientnetv2_rw_t": ("efficientnet_v2_rw_t", None),
    "fbnetc_100": ("fbnet_c", None), "spnasnet_100": ("spnasnet", None),
    **{f"fbnetv3_{size}": (f"fbnet_v3_{size}", None) for size in "bdg"},
    **{f"mnasnet_{n}": ("mnasnet_b1", alpha) for n, alpha in (("050", "0.5"), ("075", "0.75"), ("100", "1"), ("140", "1.4"))},
    **{f"semnasnet_{n}": ("mnasnet_a1", alpha) for n, alpha in (("050", "0.5"), ("075", "0.75"), ("100", "1"), ("140", "1.4"))},
    "mnasnet_small": ("mnasnet_small", None),
    "mobilenet_edgetpu_100": ("mobilenet_edgetpu", None),
    **{f"{tf}mixnet_{size}": (f"mixnet_{size}", None) for size in "sml" for tf in ("", "tf_")},
    **{f"tinynet_{size}": (f"tinynet_{size}", None) for size in "abcde"},
    **{f"mobilenet_edgetpu_v2_{size}": (f"mobilenet_edgetpu_v2_{size}", None) for size in ("xs", "s", "m", "l")},
    "mobilenetv1_100h": ("timm_mobilenet_v1_100h", None), "mobilenetv3_rw": ("mobilenet_v3_rw", None),
    "mobilenetv1_100": ("mobilenet_v1", None), "mobilenetv1_125": ("mobilenet_v1", "1.25"),
    **{f"mobilenetv2_{n}": ("mobilenet_v2", alpha) for n, alpha in (("035", "0.35"), ("050", "0.5"), ("075", "0.75"), ("100", "1"), ("140", "1.4"))},
    "mobilenetv2_110d": ("mobilenet_v2_110d", None), "mobilenetv2_120d": ("mobilenet_v2_120d", None),
    **{f"lcnet_{n}": ("lcnet", alpha) for n, alpha in (("035", "0.35"), ("050", "0.5"), ("075", "0.75"), ("100", "1"), ("150", "1.5"))},
    **{f"{tf}mobilenetv3_large_{n}": ("mobilenet_v3_large_timm", alpha) for n, alpha in (("075", "0.75"), ("100", "1")) for tf in ("", "tf_")},
    "mobilenetv3_large_150d": ("mobilenet_v3_large_150d", None),
    "mobilenetv3_small_050": ("mobilenet_v3_small_timm", "0.5"),
    **{f"{tf}mobilenetv3_small_{n}": ("mobilenet_v3_small_timm", alpha) for n, alpha in (("075", "0.75"), ("100", "1")) for tf in ("", "tf_")},
    "tf_mobilenetv3_large_minimal_100": ("mobilenet_v3_large_minimalistic", None),
    "tf_mobilenetv3_small_minimal_100": ("mobilenet_v3_small_minimalistic", None),
    **{f"mobilenetv4_conv_{size}": (f"mobilenet_v4_conv_{size}", None) for size in ("small", "medium", "large")},
    "mobilenetv4_conv_small_035": ("mobilenet_v4_conv_small", "0.35"), "mobilenetv4_conv_small_050": ("mobilenet_v4_conv_small", "0.5"),
    "efficientnetv2_rw_m": ("efficientnet_v2_rw_m", None),
    **{name: (name, None) for name in ("efficientnet_x_b3", "efficientnet_x_b5", "efficientnet_h_b5")},
    **{f"hardcorenas_{n}": (f"hardcorenas_{n}", None) for n in "abcdef"},
    "mixnet_xl": ("mixnet_xl", None), "mixnet_xxl": ("mixnet_m", "2.4"),
    "efficientnet_b0_gn": ("efficientnet_b0", None), "efficientnet_b3_gn": ("efficientnet_b3", None),
    **{f"mobilenetv4_conv_aa_{size}": (f"mobilenet_v4_conv_{size}", None) for size in ("medium", "large")},
    **{f"torchvision:efficientnet_{name}": (f"efficientnet_{name}", None) for name in ("v2_s", "v2_m", "v2_l", *(f"b{n}" for n in range(8)))},
    **{f"torchvision:mnasnet{alpha.replace('.', '_')}": ("mnasnet_b1", alpha) for alpha in ("0.5", "0.75", "1.0", "1.3")},
    "torchvision:mobilenet_v2": ("mobilenet_v2", None),
    **{f"torchvision:mobilenet_v3_{size}": (f"mobilenet_v3_{size}_torchvision", None) for size in ("large", "small")},
    **{f"mobilenetv4_hybrid_{size}{tail}": (f"mobilenet_v4_hybrid_{size}{tail}", None) for size in ("medium", "large") for tail in ("", "_075")},
}  # fmt: skip

# What is asked besides, in the words of the command line: timm normalises in groups where the table has batch norms, and
# averages where this has the stride on the next convolution, of the same cost where maps are even
_GROUPS = {"conv_1.norm": "group", "inverted_residual_*.norm": "group", "head.norm": "group"}
_AVERAGED = {
    "FusedIB_1/conv_1.stride": 1,
    "FusedIB_1/conv_2.stride": 2,
    "ExtraDW_down_*/depthwise_2.stride": 1,
    "ExtraDW_down_*/conv_2.stride": 2,
}
BESIDES: dict[str, dict[str, Any]] = {
    "efficientnet_b0_gn": {"set": _GROUPS}, "efficientnet_b3_gn": {"set": _GROUPS, "rounding": "divisor:16"},
    "mixnet_xxl": {"depth": "1.3", "set": {"add_1.repeat": 1}},  # a repeat that depth makes two
    **{f"mobilenetv4_conv_aa_{size}": {"set": _AVERAGED} for size in ("medium", "large")},
}  # fmt: skip

WHY_NOT: dict[str, str] = {
    **dict.fromkeys(("efficientnet_cc_b0_4e", "efficientnet_cc_b0_8e", "efficientnet_cc_b1_8e", "tf_efficientnet_cc_b0_4e",
                     "tf_efficientnet_cc_b0_8e", "tf_efficientnet_cc_b1_8e"), "its convolutions mix experts by the image"),
    **dict.fromkeys(("efficientnet_blur_b0", "mobilenetv4_conv_blur_medium"),
                    "a blur of fixed weights, which PyTorch counts, takes the stride of its depthwise convolutions"),
    **dict.fromkeys(("efficientnet_b1_pruned", "efficientnet_b2_pruned", "efficientnet_b3_pruned", "efficientnet_el_pruned",
                     "efficientnet_es_pruned"), "pruned: every layer has a width of its own"),
    **dict.fromkeys(("efficientnet_b0_g8_gn", "efficientnet_b3_g8_gn", "efficientnet_b0_g16_evos"),
                    "groups of 8 or 16 channels where an inverted residual has depthwise convolutions"),
    "gc_efficientnetv2_rw_t": "global context in place of squeeze-and-excite: a product of a map with a softmax over its positions",
    **dict.fromkeys(("mobilenetv5_300m", "mobilenetv5_300m_enc", "mobilenetv5_base"), "an encoder with a fusion of its scales: no table yet"),
    **dict.fromkeys(("test_efficientnet", "test_efficientnet_evos", "test_efficientnet_gn", "test_efficientnet_ln"), "made for tests"),
}  # fmt: skip


# Networks of other families: table, and who builds it
OTHERS: dict[str, str] = {
    "ghostnet": "timm:ghostnet_100",
    **{f"regnet_y_{mf}mf": f"timm:regnety_00{mf // 100}" for mf in (200, 400, 600, 800)},
    **{f"convnext_{size}": f"timm:convnext_{size}" for size in ("atto", "femto", "pico", "nano")},
    **{f"repvgg_{size}": f"timm:repvgg_{size}" for size in ("a0", "a1")},  # as deployed
    **{f"mobileone_s{n}": f"timm:mobileone_s{n}" for n in range(5)},  # as deployed
    **{f"mobilevit_{size}": f"timm:mobilevit_{size}" for size in ("xxs", "xs", "s")},
    **{f"fasternet_{size}": f"timm:fasternet_{size}" for size in ("t0", "t1", "t2", "s")},
    "efficientformer_l1": "timm:efficientformer_l1",
    **{name: f"torchvision:{name}" for name in ("resnext50_32x4d", "densenet121", "densenet169", "convnext_tiny")},
    **{name: f"twin:{name}" for name in ("mobilefacenet", "unet")},
}
# Where 224 and 257 are not the sizes to try: MobileViT on maps that 2 divides and on odd ones; the position biases of
# EfficientFormer are of a 7 x 7 map; U-Net halves and doubles;
# timm's average pools cut odd maps short
OWN_SIZES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("mobilevit_xxs", "mobilevit_xs", "mobilevit_s"), (256, 299, 384)),
    "efficientformer_l1": (224, 193),
    "mobilefacenet": (112, 161),
    "unet": (224, 48),
    **dict.fromkeys(("mobilenetv4_conv_aa_medium", "mobilenetv4_conv_aa_large"), (224, 320)),
}


def timm() -> ModuleType:
    """timm, which wants torchvision first."""
    torch_oracles.torchvision_models()
    return importlib.import_module("timm")


def test_every_member_is_reached_or_says_why_not() -> None:
    members = [name for module in MODULES for name in timm().list_models(module=module)]
    models = torch_oracles.torchvision_models()
    members += [f"torchvision:{name}" for name in models.list_models(module=models) if name.startswith(FAMILIES)]
    assert sorted(members) == sorted([*REACHED, *WHY_NOT])
    assert not set(REACHED) & set(WHY_NOT)
    assert set(BESIDES) <= set(REACHED)


@pytest.mark.parametrize("member", sorted(REACHED))
def test_a_member_costs_what_timm_builds(member: str) -> None:
    model, alpha = REACHED[member]
    asked: dict[str, Any] = BESIDES.get(member, {}) | ({} if alpha is None else {"alpha": alpha})
    same(model, lambda: built(member), asked, OWN_SIZES.get(member, SIZES[1:] if ":" in member else SIZES))


@pytest.mark.parametrize("table", sorted(OTHERS))
def test_a_network_of_another_family_costs_what_its_library_builds(table: str) -> None:
    same(table, lambda: built(OTHERS[table]), {}, OWN_SIZES.get(table, SIZES))


def built(name: str) -> torch.nn.Module:
    """A network by its name in timm, `torchvision:NAME` or `twin:NAME`; RepVGG and MobileOne as they are deployed."""
    library, _, own = name.rpartition(":")
    if library == "twin":
        return getattr(torch_twins, own)()  # type: ignore[no-any-return]
    if library == "torchvision":
        return getattr(torch_oracles.torchvision_models(), own)(weights=None).eval()  # type: ignore[no-any-return]
    network = timm().create_model(own).eval()
    deployed = importlib.import_module("timm.utils.model").reparameterize_model
    return deployed(network) if own.startswith(("repvgg", "mobileone")) else network  # type: ignore[no-any-return]


@pytest.mark.parametrize("size", [224, 320])
def test_a_transformer_costs_what_timm_builds_for_that_size(size: int) -> None:
    same("vit_tiny", lambda: timm().create_model("vit_tiny_patch16_224", img_size=size), {}, (size,))


def same(
    model: str, build: Callable[[], torch.nn.Module], asked: dict[str, Any], sizes: tuple[int, ...] = SIZES
) -> None:
    """The mult-adds and the params of a table and of a network that a library builds, at an even size and an odd one."""
    network = mbcost.load(model)
    with torch.device("meta"):
        built = build().eval()
    params = sum(p.numel() for p in built.parameters())
    for size in sizes:
        image = torch.empty(1, 3, size, size, device="meta")
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            built(image)
        cost = network.cost(resolution=size, **asked)
        assert (2 * cost.mult_adds, cost.params) == (counter.get_total_flops(), params), size
