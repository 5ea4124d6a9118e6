"""What a campaign found: figures, and whatever is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 40
"""Findings that are printed one by one."""


@dataclass
class Report:
    """`figures` by name, each a value and its unit."""

    name: str
    figures: dict[str, tuple[float | str, str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def figure(self, name: str, value: float | str, unit: str = "") -> None:
        self.figures[name] = (value, unit)

    def blame(self, findings: Iterable[str]) -> None:
        self.wrong.extend(findings)

    def __str__(self) -> str:
        lines = [
            f"{self.name}_{name} = {_shown(value)} {unit}".rstrip() for name, (value, unit) in self.figures.items()
        ]
        lines += [f"WRONG: {finding}" for finding in self.wrong[:SHOWN]]
        if len(self.wrong) > SHOWN:
            lines.append(f"WRONG: and {len(self.wrong) - SHOWN:,} more")
        return "\n".join([*lines, f"{self.name}: {len(self.wrong)} wrong"])


def _shown(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
