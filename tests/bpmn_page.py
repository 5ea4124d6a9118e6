"""Writes docs/bpmn.md out of the tables that the engine itself goes by: ``python -m tests.bpmn_page``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from pathlib import Path

from engine.core.behaviours import BEHAVIOURS, BODIES
from engine.core.reading import dialect
from engine.core.reading.events import PLACES, kind_of

PAGE = Path(__file__).parents[1] / "docs" / "bpmn.md"

HEAD = """# What runs of BPMN 2.0

Made from the engine's own tables by `make docs`; a test compares it with them. What each expression may hold is in
[the language](language.md), where the standard leaves a choice and what was chosen is in [the engine](engine.md).

Whatever is not on this page is refused when a diagram is deployed, each part with its element, its line and what would
be right. Nothing is dropped silently.
"""


def page() -> str:
    return "\n".join(
        [
            HEAD,
            "## Elements that run",
            "",
            *_table(("element", "what it does", "attributes that are read"), _flow_nodes()),
            "",
            "A loop or multi-instance marker puts a body around the instances of an activity:",
            "",
            *(f"- {_summary(type(behaviour))}" for behaviour in BODIES.values()),
            "",
            "Global tasks run where a call activity calls them: " + _listed(dialect.GLOBAL_TASKS) + ".",
            "",
            "## Events",
            "",
            "An event may have several definitions, directly or by reference; one that is parallel multiple needs all of",
            "them. Errors, cancellations and compensation always interrupt; every other boundary event, and start event of",
            "an event sub-process, may do so or not.",
            "",
            *_table(("definition", *(place for place in PLACES)), _events()),
            "",
            "## Parts that say how",
            "",
            _listed(sorted(set(dialect.READ) - set(dialect.FLOW_NODES) - set(dialect.GLOBAL_TASKS))) + ".",
            "",
            "Attributes that are taken with certain values only:",
            "",
            *_table(("attribute", "values"), ((f"`{name}`", _listed(sorted(of))) for name, of in dialect.ONLY.items())),
            "",
            "## Extension attributes of Camunda 7 and Operaton",
            "",
            *_table(
                ("of", "attributes"),
                ((f"`{name}`", _listed(sorted(of))) for name, of in dialect.VENDOR_ATTRIBUTES.items()),
            ),
            "",
            "Extension elements: `properties` everywhere, and",
            "",
            *_table(("of", "elements"), ((f"`{n}`", _listed(sorted(of))) for n, of in dialect.EXTENSIONS.items())),
            "",
            "## Drawn for people",
            "",
            "Kept with the diagram, shown, and not run: " + _listed(sorted(dialect.DRAWN)) + ".",
            "",
            "## Without meaning here",
            "",
            _listed(sorted(dialect.WITHOUT_MEANING)) + ".",
            "",
        ]
    )


def _flow_nodes() -> Iterable[tuple[str, str, str]]:
    for kind, attributes in dialect.FLOW_NODES.items():
        does = _summary(type(BEHAVIOURS[kind]))
        yield f"`{kind}`", does, _listed(sorted(attributes - {"name"}))


def _events() -> Iterable[tuple[str, ...]]:
    definitions = dict.fromkeys(each for allowed in PLACES.values() for each in allowed)
    for definition in definitions:
        marks = ("yes" if definition in allowed else "" for allowed in PLACES.values())
        yield kind_of(definition), *marks
    none = {"start event", "intermediate throw event", "end event"}
    yield "none", *("yes" if place in none else "" for place in PLACES)


def _summary(kind: type) -> str:
    return " ".join(cleandoc(kind.__doc__ or "").split("\n\n")[0].split())


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _listed(names: Iterable[str] | Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
