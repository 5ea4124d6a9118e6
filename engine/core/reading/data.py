"""Data: what it is called, and how it moves into and out of an element (BPMN 2.0, 10.4).

A variable is called by the name of its item where an expression can say that name, else by the item's id. The data
inputs and outputs of a process or a global task are variables like any other: a caller passes them by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.core.expressions import ExpressionError, parse
from engine.core.model import DataAssociation, IoMapping
from engine.core.reading.attributes import local
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, children, split, text

_ITEMS = ("property", "dataObject", "dataInput", "dataOutput", "inputDataItem", "outputDataItem")


@dataclass(frozen=True, slots=True)
class Data:
    """What an element holds, fills and reads; the fields are those of `Element`."""

    declared: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    data_inputs: tuple[DataAssociation, ...] = ()
    data_outputs: tuple[DataAssociation, ...] = ()


def name_of(node: Node) -> str:
    """The variable that a data item stands for."""
    name = (node.get("name") or "").strip()
    return name if is_name(name) else node.get("id", "")


def is_name(name: str) -> bool:
    """Whether an expression can say it, and means a variable by it."""
    try:
        return name.isidentifier() and parse(name).names == {name}
    except ExpressionError:
        return False


def read_stores(reader: Reader, root: Node) -> None:
    """Remember the names of the file's data stores by their ids."""
    for node in children(root, "dataStore"):
        reader.stores[node.get("id", "")] = name_of(node)


def read_names(reader: Reader, process: Node) -> None:
    """Remember the names of a process's data by their ids. A reference stands for what it refers to."""
    references = []
    for node in process.iter(*(f"{{{BPMN}}}{kind}" for kind in (*_ITEMS, *_REFERENCES))):
        if split(node.tag)[1] in _REFERENCES:
            references.append(node)
        elif node.get("id"):
            reader.data[node.get("id", "")] = name_of(node)
    for node in references:
        attribute, known = _REFERENCES[split(node.tag)[1]], _names(reader, node)
        target = local(node.get(attribute)) if node.get(attribute) else None
        if target is not None and target not in known:
            reader.problem(node, f"Its {attribute} '{target}' is not in the diagram.", "Choose what it refers to.")
        known[node.get("id", "")] = name_of(node) if target is None else known.get(target, target)


_REFERENCES = {"dataObjectReference": "dataObjectRef", "dataStoreReference": "dataStoreRef"}


def _names(reader: Reader, reference: Node) -> dict[str, str]:
    return reader.stores if split(reference.tag)[1] == "dataStoreReference" else reader.data


def read(reader: Reader, node: Node) -> Data:
    """The data of a process, an activity or an event."""
    holder = child(node, "ioSpecification")
    own = [item for item in (node if holder is None else holder) if _is(item, "dataInput", "dataOutput")]
    names = {reader.data[item.get("id", "")] for item in own if item.get("id")}
    if holder is not None:
        _check_sets(reader, holder)
    inputs = [found for part in children(node, "dataInputAssociation") if (found := _input(reader, part))]
    outputs = [found for part in children(node, "dataOutputAssociation") if (found := _output(reader, part))]
    return Data(
        declared=tuple(reader.data[part.get("id", "")] for part in node if _is_held(part)),
        parameters=tuple(dict.fromkeys(_parameters(names, inputs, outputs))),
        data_inputs=tuple(inputs),
        data_outputs=tuple(outputs),
    )


def _is(node: Node, *kinds: str) -> bool:
    return isinstance(node.tag, str) and split(node.tag) in {(BPMN, kind) for kind in kinds}


def _is_held(node: Node) -> bool:
    return _is(node, "property", "dataObject") and bool(node.get("id"))


def _check_sets(reader: Reader, holder: Node) -> None:
    for kind in ("inputSet", "outputSet"):
        found = children(holder, kind)
        if len(found) > 1:
            wrong = f"It has {len(found)} sets of data to choose from ({kind})."
            reader.problem(found[1], wrong, "Draw one: data are always there, if only as null.")


def _parameters(
    names: set[str], inputs: Sequence[DataAssociation], outputs: Sequence[DataAssociation]
) -> Iterator[str]:
    """Those that are the element's own. One that is called like the variable outside means that variable."""
    for write in (write for association in inputs for write in association.writes):
        if write.target in names and write.value.names != {write.target}:
            yield write.target
    for write in (write for association in outputs for write in association.writes):
        yield from sorted((write.value.names & names) - {write.target})


def _input(reader: Reader, node: Node) -> DataAssociation | None:
    target = local(text(child(node, "targetRef")))
    if target in reader.stores:
        reader.problem(node, f"Data for the element lead to the data store '{target}'.", "Draw it the other way round.")
        return None
    name = _variable(reader, node, target)
    sources = [local(text(source)) for source in children(node, "sourceRef")]
    stores = [reader.stores[source] for source in sources if source in reader.stores]
    writes = _writes(reader, node, name, sources) if name is not None else ()
    if not (sources or children(node, "transformation") or children(node, "assignment")):
        reader.problem(node, "It does not say where the data come from.", "Give it a sourceRef.")
    return DataAssociation(writes, tuple(stores)) if writes else None


def _output(reader: Reader, node: Node) -> DataAssociation | None:
    target = local(text(child(node, "targetRef")))
    store = reader.stores.get(target)
    name = store if store is not None else _variable(reader, node, target)
    sources = [local(text(source)) for source in children(node, "sourceRef")]
    for source in sources:
        if source in reader.stores:
            wrong = f"Data of the element come from the data store '{source}'."
            reader.problem(node, wrong, "Draw it the other way round.")
    if name is None:
        return None
    # Without a source it is what the element calls like the target.
    writes = _writes(reader, node, name, sources) or (IoMapping(name, reader.variable(name)),)
    for write in writes:
        if store is not None and write.target != store:
            wrong = f"It writes '{write.target}', but leads to the data store '{store}'."
            reader.problem(node, wrong, "Assign to the data store, or draw another association.")
    return DataAssociation(writes, store=store)


def _writes(reader: Reader, node: Node, target: str, sources: Sequence[str]) -> tuple[IoMapping, ...]:
    """The transformation, then each assignment, which say what they read; without these, the source as it is."""
    transformation, assignments = child(node, "transformation"), children(node, "assignment")
    transformed, names = reader.formal(transformation), [_source(reader, node, source) for source in sources]
    writes = [] if transformed is None else [IoMapping(target, transformed)]
    writes += [write for assignment in assignments if (write := _assigned(reader, assignment))]
    if transformation is not None or assignments:
        return tuple(writes)
    if len(sources) > 1:
        reader.problem(node, f"It has {len(sources)} sources.", "Say by a transformation what becomes of them.")
    return tuple(IoMapping(target, reader.variable(name)) for name in names[:1] if name is not None)


def _assigned(reader: Reader, node: Node) -> IoMapping | None:
    value, to = reader.formal(child(node, "from")), child(node, "to")
    written = text(to)
    bare = written[2:-1].strip() if written[:2] in ("${", "#{") and written.endswith("}") else written
    target = _source(reader, node, bare)
    return None if value is None or target is None else IoMapping(target, value)


def _source(reader: Reader, node: Node, name: str) -> str | None:
    return reader.stores[name] if name in reader.stores else _variable(reader, node, name)


def _variable(reader: Reader, node: Node, name: str) -> str | None:
    """The variable of an id; what is no id of data is a name itself."""
    if name in reader.data:
        return reader.data[name]
    if is_name(name):
        return name
    reader.problem(node, f"'{name}' is no data of this diagram.", "Refer to a data object, a property or a data store.")
    return None
