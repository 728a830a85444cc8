"""``mbcost roofline``: bound by compute or by memory, layer by layer, and the modelled time of networks."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import click

from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.completion import completing, devices
from mbcost.cli.figures import Drawing, drawing, figure_options
from mbcost.cli.options import FILE, MODEL, Question, bits_options, output_options, variant_options
from mbcost.dims import exact_text
from mbcost.dims.bits import ridge_point_of
from mbcost.errors import MbcostError
from mbcost.memory.device import Device
from mbcost.memory.roofline import DEFAULT, Roofline, roofline
from mbcost.memory.rules import device as device_of
from mbcost.memory.rules import devices as all_devices
from mbcost.network import Cost, titled
from mbcost.report import Field, Report, Rows, numbers
from mbcost.report.heads import counted, head, heading
from mbcost.report.report import value

__all__ = ["command"]

MODELLED = "the modelled time is a sum over layers, which caches and fused layers beat; the bound is of the whole network, and nothing beats it"


@click.command("roofline", short_help="Bound by compute or by memory, on a device.")
@click.argument("models", type=MODEL, nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--device",
    shell_complete=completing(devices),
    metavar="NAME",
    help="A device, by its ridge point; without one, every device.",
)
@click.option("--devices", type=FILE, help="Devices of your own, beside the shipped ones.")
@click.option("--ridge-point", metavar="RP", help="Mult-adds a byte, instead of a device.")
@click.option("--plot", "figure", metavar="FILE", help="Draw it: .png, .svg or .pdf (extra `plot`).")
@figure_options
@bits_options
@variant_options
@output_options
@model_options
def command(
    models: tuple[str, ...], device: str | None, devices: str | None, ridge_point: str | None, figure: str | None,
    figure_width: str | None, style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Where MODEL's time goes on a device that does so many mult-adds a byte (MobileNetV4, section 3).

    \b
    mbcost roofline mobilenet_v2 --device pixel-6-cpu        one network, layer by layer
    mbcost roofline mobilenet_v1 mobilenet_v2 mobilenet_v3_large    the modelled time of several, device by device
    mbcost roofline net.yaml --ridge-point 31.2 --bits 8
    mbcost roofline mobilenet_v2 --ridge-point 31.2 --plot roofline.pdf             a point a layer
    mbcost roofline mobilenet_v1 mobilenet_v2 --plot times.pdf                      modelled time over ridge points
    """
    question = Question(options)
    if device is not None and ridge_point is not None:
        raise MbcostError("--device and --ridge-point are both given", help="keep one of them")
    asked = [_at(ridge_point)] if ridge_point is not None else [device_of(device, devices)] if device else []
    wanted = drawing(figure, figure_width, style)
    costs = [question.costed(model) for model in models]
    if wanted is not None:
        _draw(costs, asked, wanted, question)
        if question.format == "table" and question.output is None:
            return
    if len(costs) == 1 and len(asked) == 1:
        question.emit(_layers(costs[0], asked[0], question))
    else:
        question.emit(_times(costs, asked or list(all_devices(devices).values()), question))


def _draw(costs: list[Cost], asked: list[Device], wanted: Drawing, question: Question) -> None:
    """One network at one ridge point as a roofline; else modelled times over ridge points."""
    from mbcost.plot.memory import layers, model_times

    if len(costs) == 1 and asked:
        device = asked[0]
        title = f"{heading(costs[0], titled=True)}, {device.title or device.name}, {_widths(question)}"
        drawn = layers(roofline(costs[0], device.ridge_point, question.bits), title, wanted.form)
        wanted.save(drawn, f"Layers against the roofline: {title}, {exact_text(device.ridge_point)} mult-adds a byte")
        return
    titles = titled(cost.network for cost in costs)
    names = [titles.get(cost.network.name, cost.network.name) for cost in costs]
    found = [(name, roofline(cost, Fraction(0), question.bits)) for name, cost in zip(names, costs, strict=True)]
    title = f"{heading(costs[0], titled=True) if len(costs) == 1 else counted(costs[0], question.unit)}, {_widths(question)}"
    wanted.save(
        model_times(found, title, wanted.form), f"Modelled time of {', '.join(names)} over ridge points: {title}"
    )


def _at(text: str) -> Device:
    point = ridge_point_of(text)
    return Device(f"ridge point {exact_text(point)}", point)


def _widths(question: Question) -> str:
    weights, maps = question.bits.weights(DEFAULT), question.bits.activations(DEFAULT)
    return f"{weights} bits" if weights == maps else f"weights at {weights} bits, activations at {maps}"


def _layers(cost: Cost, device: Device, question: Question) -> Report:
    found = roofline(cost, device.ridge_point, question.bits)
    fields = (
        Field("name", "layer", "name"),
        Field("kind", "kind", "text", 3),
        Field("mult_adds", "mult-adds", "count"),
        Field("bytes", "bytes", "count", 2, to="columns"),
        Field("bytes", kind="count", to="json"),
        Field("intensity", "mult-adds a byte", "ratio", to="columns"),
        Field("intensity", kind="number", to="json"),
        Field("bound", "bound by"),
        Field("time", "time", "ratio", 4, to="columns"),
        Field("time", kind="number", to="json"),
        Field("share", "share", "share", get=lambda layer: share(layer.time, found.model_time)),
    )
    intensity = found.mult_adds / found.bytes if found.bytes else None
    total = SimpleNamespace(
        name="total", kind=None, mult_adds=found.mult_adds, bytes=found.bytes, intensity=intensity, bound=None, time=found.model_time,
    )  # fmt: skip
    keys = {
        **head(cost),
        **_point(device, question),
        "layers": Rows(fields, found.layers, total),
        "total": _sums(found, device),
    }
    waits = sum([layer.time for layer in found.layers if layer.bound == "memory"], Fraction(0))
    waiting = numbers.share(share(waits, found.model_time) or Fraction(0))
    least, whole = (numbers.count(-(-x.numerator // x.denominator)) for x in (found.bound, found.model_time))
    notes = (
        f"{waiting} of the modelled time waits for memory; no less than {least} of {whole} is needed",
        *_seconds(found, device),
        MODELLED,
    )
    title = f"{heading(cost)}, {device.title or device.name}: {exact_text(device.ridge_point)} mult-adds a byte, {_widths(question)}"
    return Report("roofline/1", title, keys, notes, f"Roofline of {cost.network.name}")


def _times(costs: list[Cost], devices: list[Device], question: Question) -> Report:
    found = [(cost, device, roofline(cost, device.ridge_point, question.bits)) for device in devices for cost in costs]
    fields = (
        Field("device", "device", get=lambda at: at[1].title or at[1].name),
        Field("ridge_point", "mult-adds a byte", "number", get=lambda at: at[1].ridge_point),
        Field("model", "model", "name", get=lambda at: at[0].network.name),
        Field("mult_adds", "mult-adds", "count", get=lambda at: at[2].mult_adds),
        Field("bytes", "bytes", "count", 1, lambda at: at[2].bytes),
        Field("model_time", "modelled time", "ratio", get=lambda at: at[2].model_time),
        Field("bound", "bound", "ratio", 2, lambda at: at[2].bound),
        Field("slower", "of its mult-adds", "ratio", get=lambda at: share(at[2].model_time, at[2].mult_adds)),
    )
    models = [{"model": c.network.name, **_point(device, question), **_sums(line, device)} for c, device, line in found]
    keys = {
        **head(costs[0], leaving=("model", "table_hash")),
        "models": models,
        "table": Rows(fields, found, data=False),
    }
    title = f"model time, {counted(costs[0], question.unit)}, {_widths(question)}"
    return Report("roofline-times/1", title, keys, (MODELLED,), "Modelled time in units of one mult-add at the peak")


def _point(device: Device, question: Question) -> dict[str, Any]:
    return {
        "device": device.name, "ridge_point": str(device.ridge_point),
        "weight_bits": question.bits.weights(DEFAULT), "activation_bits": question.bits.activations(DEFAULT),
    }  # fmt: skip


def _sums(found: Roofline, device: Device) -> dict[str, Any]:
    """Totals as JSON has them: exact texts beside numbers."""
    keys: dict[str, Any] = {
        "mult_adds": found.mult_adds, "bytes": found.bytes, "model_time": str(found.model_time), "model_time_number": value(found.model_time, "ratio"),
        "bound": str(found.bound), "bound_number": value(found.bound, "ratio"),
    }  # fmt: skip
    if device.peak is not None and device.bandwidth is not None:
        keys["seconds"] = value(found.model_time / device.peak, "ratio")
        keys["bound_seconds"] = value(found.bound / device.peak, "ratio")
    return keys


def _seconds(found: Roofline, device: Device) -> tuple[str, ...]:
    """The time in seconds, where both the peak and the bandwidth are known."""
    if device.peak is None or device.bandwidth is None:
        return ()
    time, least = (1000 * amount / device.peak for amount in (found.model_time, found.bound))
    return (f"{numbers.ratio(time)} ms by the model, at least {numbers.ratio(least)} ms",)
