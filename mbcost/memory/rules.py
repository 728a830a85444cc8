"""The memory rules and devices there are: the shipped ones of ``configs``, and those of the user's files.

>>> find("largest-map").plan
'largest'
>>> find("largest")
Traceback (most recent call last):
mbcost.errors.MbcostError: there is no memory rule `largest`
  help: did you mean `largest-map`? the memory rules are liveness, tflm, torch-eager, paper-v2, depthwise-in-place, largest-map
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mbcost.errors import MbcostError, nearest
from mbcost.memory.device import Device
from mbcost.memory.rule import LIVENESS, Rule

__all__ = ["available", "device", "devices", "find", "qualified"]

T = TypeVar("T", Rule, Device)


def find(name: str, file: str | None = None) -> Rule:
    """The memory rule of that name, shipped or of the user's file, or ``FILE:NAME``; nothing is read for the default."""
    if name == LIVENESS.name and file is None:
        return LIVENESS
    own, _, short = name.rpartition(":")
    return _chosen(short, available(own or file), "memory rule")


def qualified(name: str, file: str | None) -> str:
    """The name under which :func:`find` finds a rule that may be shipped or may be in a file of the user's."""
    find(name, file)
    return name if file is None or ":" in name or name in available() else f"{file}:{name}"


def available(file: str | None = None) -> dict[str, Rule]:
    """Every memory rule by name, in the order of the files: the shipped ones, then those of the user's file."""
    from mbcost.memory.reading import read_rules

    return _with_own("memory.yaml", file, read_rules)


def device(name: str, file: str | None = None) -> Device:
    """The device of that name.

    >>> str(device("pixel-6-cpu").ridge_point)
    '156/5'
    """
    return _chosen(name, devices(file), "device")


def devices(file: str | None = None) -> dict[str, Device]:
    """Every device by name, in the order of the files."""
    from mbcost.memory.reading import read_devices

    return _with_own("devices.yaml", file, read_devices)


def _with_own(shipped: str, file: str | None, read: Callable[[str, tuple[str, ...]], dict[str, T]]) -> dict[str, T]:
    """What is shipped, and what a file of the user's adds; one file cannot take a name of the other."""
    import os

    from mbcost.documents import configs_folder

    found = read(os.path.join(configs_folder(), shipped), ())
    if file == "-":
        raise MbcostError("memory rules and devices are not read from standard input", help="name a file")
    return found if file is None else {**found, **read(file, tuple(found))}


def _chosen(name: str, known: dict[str, T], what: str) -> T:
    if name in known:
        return known[name]
    close = nearest(name, list(known))
    shown = "".join(c if c.isprintable() else "?" for c in name[:60])
    hint = f"did you mean {close}? " if close else ""
    raise MbcostError(f"there is no {what} `{shown}`", help=f"{hint}the {what}s are {', '.join(known)}")
