"""Figures: printed one to a line as ``name = value unit``, and collected for bench.json."""

from __future__ import annotations

import json
from pathlib import Path


class Figures:
    def __init__(self) -> None:
        self._values: dict[str, dict[str, float | str]] = {}

    def add(self, name: str, value: float, unit: str) -> None:
        shown = f"{value:,.0f}".replace(",", "") if value >= 1000 else f"{value:.3g}"
        print(f"{name} = {shown} {unit}", flush=True)
        self._values[name] = {"value": value, "unit": unit}

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
