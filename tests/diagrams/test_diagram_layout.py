"""The diagrams read well: everything is drawn, nothing overlaps, and no edge needs a second look."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest
from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
WIDTH, HEIGHT = 1280, 800

DIAGRAMS = sorted(path.name for path in files("bpmn").iterdir() if path.name.endswith(".bpmn"))
NODES = re.compile(r"(Event|Task|Gateway|Activity|^subProcess)$")


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def overlaps(self, other: Box, margin: float = 0) -> bool:
        return (
            self.x < other.right + margin
            and other.x < self.right + margin
            and self.y < other.bottom + margin
            and other.y < self.bottom + margin
        )

    def contains(self, other: Box) -> bool:
        return self.x < other.x and self.y < other.y and other.right < self.right and other.bottom < self.bottom

    def has_on_border(self, x: float, y: float) -> bool:
        across = self.x <= x <= self.right and y in (self.y, self.bottom)
        return across or (self.y <= y <= self.bottom and x in (self.x, self.right))


@dataclass(frozen=True)
class Shape:
    id: str
    kind: str
    scope: str
    box: Box
    host: str | None
    is_container: bool


@dataclass(frozen=True)
class Edge:
    id: str
    scope: str
    source: str
    target: str
    points: tuple[tuple[float, float], ...]

    @property
    def segments(self) -> list[Box]:
        return [
            Box(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))
            for a, b in itertools.pairwise(self.points)
        ]


class Drawing:
    """A diagram's elements with what is drawn for them."""

    def __init__(self, name: str) -> None:
        self.root = etree.fromstring(files("bpmn").joinpath(name).read_bytes())
        process = self.root.find(f"{BPMN}process")
        self.process: Any = process
        self.nodes = {node.get("id"): node for node in process.iter() if NODES.search(local(node))}
        self.flows = {node.get("id"): node for node in process.iter(f"{BPMN}sequenceFlow")}
        self.drawn = {
            item.get("bpmnElement"): item for item in self.root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")
        }
        self.shapes = {key: self._shape(node) for key, node in self.nodes.items() if key in self.drawn}
        self.edges = {key: self._edge(flow) for key, flow in self.flows.items() if key in self.drawn}
        # The drawing board writes a label without a place for whatever carries its name inside.
        placed = f"{BPMNDI}BPMNLabel[{DC}Bounds]"
        self.labels = {key: _box(label) for key, item in self.drawn.items() for label in item.findall(placed)}

    def _shape(self, node: Any) -> Shape:
        key = node.get("id")
        is_container = local(node) == "subProcess" and self.drawn[key].get("isExpanded") == "true"
        scope = node.getparent().get("id")
        return Shape(key, local(node), scope, _box(self.drawn[key]), node.get("attachedToRef"), is_container)

    def _edge(self, flow: Any) -> Edge:
        key = flow.get("id")
        points = tuple((float(p.get("x")), float(p.get("y"))) for p in self.drawn[key].findall(f"{DI}waypoint"))
        return Edge(key, flow.getparent().get("id"), flow.get("sourceRef"), flow.get("targetRef"), points)

    def scopes_around(self, scope: str) -> Iterator[str]:
        while scope in self.shapes:
            yield scope
            scope = self.shapes[scope].scope


def local(node: Any) -> str:
    return str(etree.QName(node).localname) if isinstance(node.tag, str) else ""


def _box(item: Any) -> Box:
    bounds = item.find(f"{DC}Bounds")
    return Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))


@pytest.fixture(params=DIAGRAMS)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return Drawing(request.param)


def test_everything_that_runs_is_drawn_and_nothing_else(drawing: Drawing) -> None:
    assert set(drawing.drawn) == {*drawing.nodes, *drawing.flows}


def test_a_diagram_fits_a_screen(drawing: Drawing) -> None:
    screen = Box(0, 0, WIDTH, HEIGHT)
    outside = [key for key, shape in drawing.shapes.items() if not screen.contains(shape.box)]
    outside += [f"label of {key}" for key, box in drawing.labels.items() if not screen.contains(box)]
    assert outside == []


def test_shapes_keep_apart(drawing: Drawing) -> None:
    apart = [shape for shape in drawing.shapes.values() if shape.host is None]
    near = [
        (one.id, other.id)
        for one, other in itertools.combinations(apart, 2)
        if one.scope == other.scope and one.box.overlaps(other.box, margin=20)
    ]
    assert near == []


def test_what_is_inside_a_subprocess_is_drawn_inside_it(drawing: Drawing) -> None:
    containers = {key: shape.box for key, shape in drawing.shapes.items() if shape.is_container}
    outside = [
        s.id for s in drawing.shapes.values() if s.scope in containers and not containers[s.scope].contains(s.box)
    ]
    outside += [
        f"label of {key}"
        for key, box in drawing.labels.items()
        if key in drawing.shapes and drawing.shapes[key].scope in containers
        if not containers[drawing.shapes[key].scope].contains(box)
    ]
    assert outside == []


def test_a_boundary_event_sits_on_the_border_of_its_activity(drawing: Drawing) -> None:
    for shape in drawing.shapes.values():
        if shape.host is not None:
            middle = shape.box.x + shape.box.width / 2, shape.box.y + shape.box.height / 2
            assert drawing.shapes[shape.host].box.has_on_border(*middle), shape.id


def test_edges_run_straight_and_dock_at_their_shapes(drawing: Drawing) -> None:
    for edge in drawing.edges.values():
        slanted = [segment for segment in edge.segments if segment.width and segment.height]
        assert slanted == [], f"{edge.id} is not orthogonal"
        for shape_id, point in ((edge.source, edge.points[0]), (edge.target, edge.points[-1])):
            shape = drawing.shapes[shape_id]
            assert shape.box.has_on_border(*point), f"{edge.id} does not dock at {shape_id}"
            if "Event" in shape.kind or "Gateway" in shape.kind:
                middle = shape.box.x + shape.box.width / 2, shape.box.y + shape.box.height / 2
                assert point[0] == middle[0] or point[1] == middle[1], f"{edge.id} misses the tip of {shape_id}"


def test_no_two_edges_share_a_tip(drawing: Drawing) -> None:
    tips = [point for edge in drawing.edges.values() for point in (edge.points[0], edge.points[-1])]
    assert sorted(tip for tip in set(tips) if tips.count(tip) > 1) == []


def test_edges_cross_neither_shapes_nor_each_other(drawing: Drawing) -> None:
    crossed = []
    for edge in drawing.edges.values():
        around = set(drawing.scopes_around(edge.scope))
        for shape in drawing.shapes.values():
            if shape.id not in {edge.source, edge.target, *around} and shape.host not in {edge.source, edge.target}:
                crossed += [(edge.id, shape.id) for segment in edge.segments if segment.overlaps(shape.box)]
    for one, other in itertools.combinations(drawing.edges.values(), 2):
        meets = any(a.overlaps(b) or _cross(a, b) for a in one.segments for b in other.segments)
        if meets and not {one.source, one.target} & {other.source, other.target}:
            crossed.append((one.id, other.id))
    assert crossed == []


def _cross(a: Box, b: Box) -> bool:
    return a.x <= b.right and b.x <= a.right and a.y <= b.bottom and b.y <= a.bottom


def test_labels_hide_nothing(drawing: Drawing) -> None:
    hidden = []
    for key, label in drawing.labels.items():
        for shape in drawing.shapes.values():
            if not shape.is_container and label.overlaps(shape.box):
                hidden.append((key, shape.id))
        for edge in drawing.edges.values():
            if any(segment.overlaps(label) for segment in edge.segments):
                hidden.append((key, edge.id))
    for (one, box), (other, second) in itertools.combinations(drawing.labels.items(), 2):
        if box.overlaps(second):
            hidden.append((one, other))
    assert hidden == []


def test_a_diagram_runs_from_left_to_right(drawing: Drawing) -> None:
    """Every start event is left of everything else in its scope that follows it, and every end event right of it."""
    for shape in drawing.shapes.values():
        if shape.kind == "startEvent":
            beside = [
                other for other in drawing.shapes.values() if other.scope == shape.scope and not other.is_container
            ]
            assert min(other.box.x for other in beside) == shape.box.x, shape.id


def test_everything_has_a_name_in_plain_words(drawing: Drawing) -> None:
    unnamed = [key for key, node in drawing.nodes.items() if not node.get("name") and "Gateway" not in local(node)]
    assert unnamed == []
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", key) for key in drawing.nodes)


def test_a_choice_is_a_question_and_its_flows_are_the_answers(drawing: Drawing) -> None:
    for key, node in drawing.nodes.items():
        outgoing = [flow for flow in drawing.flows.values() if flow.get("sourceRef") == key]
        if local(node) == "exclusiveGateway" and len(outgoing) > 1:
            assert (node.get("name") or "").endswith("?"), key
            assert all(flow.get("name") for flow in outgoing), key
            assert node.get("default") in {flow.get("id") for flow in outgoing}, key


def test_no_number_of_days_is_in_a_diagram(drawing: Drawing) -> None:
    """Lengths of time belong to the deadline profile."""
    text = etree.tostring(drawing.process, encoding="unicode")
    assert re.findall(r"\b\d+\s+(?:working |calendar )?(?:days?|weeks?|months?|hours?)\b|\bP\d|\bPT\d", text) == []
    for timer in drawing.process.iter(f"{BPMN}timerEventDefinition"):
        assert re.fullmatch(r"\$\{[a-z_]+\}", "".join(timer.itertext()).strip())


def test_a_process_says_in_one_paragraph_what_it_does(drawing: Drawing) -> None:
    documentation = drawing.process.findtext(f"{BPMN}documentation") or ""
    assert len(documentation) > 100
    assert "\n" not in documentation.strip()
