"""These tests need the frameworks; without them there is nothing here to collect (and `-m frameworks` finds nothing)."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = (
    [] if all(importlib.util.find_spec(name) for name in ("torch", "keras", "torchvision", "timm")) else ["*.py"]
)
