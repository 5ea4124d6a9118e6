"""`compile` turns a diagram into process models, or names every problem in it at once."""

from __future__ import annotations

from collections.abc import Collection

from engine.core.model import ProcessModel
from engine.core.reading import data, dialect
from engine.core.reading.artifacts import associations, drawn
from engine.core.reading.attributes import flag, local
from engine.core.reading.correlation import Correlations
from engine.core.reading.process import read_global_task, read_process
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, children, parse_bpmn, text
from engine.errors import InvalidDefinition

_NESTED = ("operation", "correlationKey")
"""What elements refer to by id although it is inside of something else."""


def compile(xml: bytes, resource: str = "diagram", functions: Collection[str] = ()) -> tuple[ProcessModel, ...]:
    """The executable processes and the global tasks of a diagram, in the file's order.

    Args:
        xml: BPMN 2.0 with the extension attributes of Camunda 7 or Operaton.
        resource: what to call the file in messages.
        functions: what scripts and expressions may call besides the built-in functions.

    Raises:
        InvalidDefinition: the file cannot be run as it stands; every problem with its element and line.
    """
    root = parse_bpmn(xml, resource)
    reader = Reader(functions, {node.get("id", ""): node for node in _referred_to(root)})
    models = _read(reader, root)
    if reader.problems:
        # What several elements refer to is wrong for each of them.
        problems = dict.fromkeys(reader.problems)
        raise InvalidDefinition(resource, sorted(problems, key=lambda problem: problem.line))
    return models


def _referred_to(root: Node) -> list[Node]:
    nested = root.iter(*(f"{{{BPMN}}}{kind}" for kind in _NESTED))
    return [*nested, *root.iterchildren(f"{{{BPMN}}}*")]


def _read(reader: Reader, root: Node) -> tuple[ProcessModel, ...]:
    processes = set(children(root, "process"))
    executable = {node for node in processes if flag(node, "isExecutable")}
    tasks = {node for kind in dialect.GLOBAL_TASKS for node in children(root, kind)}
    if not executable and (processes or not tasks):
        right = 'Mark a process as executable (isExecutable="true").'
        reader.problem(root, "The file has no executable process.", right)
        executable = processes  # so that whoever marks one has heard what else is wrong with it
    dialect.check(reader, root, unread=processes - executable)
    data.read_stores(reader, root)
    correlations, lines = Correlations(reader, root), associations(root)
    parts = list(root.iterchildren(f"{{{BPMN}}}*"))
    beside = {name: kind for node in parts if node not in processes for name, kind in drawn(node).items()}
    models = []
    for node in parts:
        if node in executable:
            reader.correlation = correlations.of_process(node)
            reader.supported = frozenset(local(text(each)) for each in children(node, "supportedInterfaceRef"))
            models.append(read_process(reader, node, lines, beside))
        elif node in tasks:
            models.append(read_global_task(reader, node))
    return tuple(models)
