"""Data objects, properties, stores and associations, and what a model may hold beside its flow
(BPMN 2.0, 9.2, 10.4, 10.8, 13.3.4).
"""

from __future__ import annotations

from tests.conformance import drawing as d

END = d.end()
OBJECT = '<dataObject id="dob" name="dob"/><dataObjectReference id="dor" dataObjectRef="dob"/>'


def needs(*inputs: str, gives: tuple[str, ...] = ()) -> str:
    """An ioSpecification with inputs and outputs of these ids."""
    ins = "".join(f'<dataInput id="{name}" name="{name}"/>' for name in inputs)
    outs = "".join(f'<dataOutput id="{name}" name="{name}"/>' for name in gives)
    in_refs = "".join(f"<dataInputRefs>{name}</dataInputRefs>" for name in inputs)
    out_refs = "".join(f"<dataOutputRefs>{name}</dataOutputRefs>" for name in gives)
    sets = f"<inputSet>{in_refs}</inputSet><outputSet>{out_refs}</outputSet>"
    return f"<ioSpecification>{ins}{outs}{sets}</ioSpecification>"


def reads(source: str, target: str, inner: str = "") -> str:
    refs = f"<sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>"
    return f"<dataInputAssociation>{refs}{inner}</dataInputAssociation>"


def writes(source: str, target: str, inner: str = "") -> str:
    refs = f"<sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>"
    return f"<dataOutputAssociation>{refs}{inner}</dataOutputAssociation>"


PUT = d.script("A", "out1 = 5", needs(gives=("out1",)) + writes("out1", "dor"))
GET = d.script("B", "log(in1)", needs("in1") + reads("dor", "in1"))
RECEIVES = d.task("receiveTask", "k", needs(gives=("out1",)) + writes("out1", "dor"), messageRef="msg_m")
TELL = d.script("B", "log(dob['v'])")
STORE = '<dataStore id="ds" name="ds"/>'
AT_STORE = '<dataStoreReference id="dsr" dataStoreRef="ds"/>'

DATA = [
    d.case("data_input_transformed", d.process(OBJECT + d.start() + PUT + d.script("B", "log(in1)", needs("in1")
           + reads("dor", "in1", "<transformation>dob * 2</transformation>")) + END, "s A B e"), expect=["10"]),
    d.case("data_output_transformed", d.process(OBJECT + d.start() + d.script("A", "out1 = 5", needs(gives=("out1",))
           + writes("out1", "dor", "<transformation>out1 + 1</transformation>")) + GET + END, "s A B e"),
           expect=["6"]),
    d.case("data_input_assigned", d.process(OBJECT + d.start() + PUT + d.script("B", "log(in1)", needs("in1")
           + reads("dor", "in1", "<assignment><from>dob + 3</from><to>in1</to></assignment>")) + END, "s A B e"),
           expect=["8"]),
    d.case("data_through_a_sub_process", d.process(OBJECT + d.start() + PUT + d.sub("sp", d.start("s2") + GET
           + d.end("e2"), "s2 B e2") + END, "s A sp e"), expect=["5"]),
    d.case("data_of_a_user_task", d.process(OBJECT + d.start() + PUT + d.user("u", inner=needs("in1")
           + reads("dor", "in1")) + d.log("B") + END, "s A u B e"), steps=[("complete", "u")], expect="B"),
    d.case("data_object_of_a_sub_process", d.process(d.start() + d.sub("sp", d.start("s2") + OBJECT + PUT + GET
           + d.end("e2"), "s2 A B e2") + END, "s sp e"), expect=["5"]),
    d.case("data_store_across_instances", STORE, d.process(AT_STORE + d.start() + d.script("A", "out1 = 5",
           needs(gives=("out1",)) + writes("out1", "dsr")) + END, "s A e"), d.process(AT_STORE.replace("dsr", "dsr2")
           + d.start("s2") + d.script("B", "log(in1)", needs("in1") + reads("dsr2", "in1")) + d.end("e2"), "s2 B e2",
           key="Q"), start=["P", "Q"], expect=["5"]),
    d.case("data_property_of_a_sub_process", d.process(d.start() + d.sub("sp", '<property id="pr" name="pr"/>'
           + d.start("s2") + d.script("A", "pr = 5") + d.script("B", "log(pr)") + d.end("e2"), "s2 A B e2")
           + d.script("C", "log(pr)") + END, "s sp C e"), pr=1, expect=["5", "1"]),
    d.case("data_each_of_a_collection_object", d.process(
           '<dataObject id="dob" name="dob" isCollection="true"/><dataObjectReference id="dor" dataObjectRef="dob"/>'
           + d.start() + d.script("A", "out1 = [1, 2]", needs(gives=("out1",)) + writes("out1", "dor"))
           + d.sub("sp", d.start("s2") + d.script("B", "log(it)") + d.end("e2"), "s2 B e2", marker=d.each("dor", "it"))
           + END, "s A sp e"), expect="12"),
    d.case("data_of_parallel_branches_is_one", d.process(d.start() + d.par("f", "j") + d.user("u")
           + d.script("A", "v = v + 1") + d.script("C", "v = v + 1") + d.script("B", "log(v)") + END, "s f u A j B e",
           "f C j"), v=0, steps=[("complete", "u")], expect=["2"]),
    d.case("data_store_within_one_instance", STORE, d.process(AT_STORE + d.start() + d.script("A", "out1 = 5",
           needs(gives=("out1",)) + writes("out1", "dsr")) + d.script("B", "log(in1)", needs("in1")
           + reads("dsr", "in1")) + END, "s A B e"), expect=["5"]),
    d.case("data_of_a_message_that_a_receive_task_takes", d.process(OBJECT + d.start() + RECEIVES + TELL + END,
           "s k B e"), steps=[("message", "m", {"v": 5})], expect=["5"]),
    d.case("data_of_a_message_behind_a_gateway", d.process(OBJECT + d.start() + d.by_event("g") + RECEIVES
           + d.catch("c", d.signal()) + TELL + END, "s g k B e", "g c e"), steps=[("message", "m", {"v": 5})],
           expect=["5"]),
    d.case("data_of_a_message_that_begins_the_process", d.process(OBJECT + RECEIVES.replace("<receiveTask",
           '<receiveTask instantiate="true"') + TELL + END, "k B e"), start=[], steps=[("message", "m", {"v": 5})],
           expect=["5"]),
    d.case("data_of_the_last_message_of_several", d.process(OBJECT + d.start() + RECEIVES.replace("</receiveTask>",
           d.times("2", sequential=True) + "</receiveTask>") + TELL + END, "s k B e"),
           steps=[("message", "m", {"v": 4}), ("message", "m", {"v": 5})], expect=["5"]),
    d.case("data_of_a_message_goes_to_the_property_of_its_handler", d.process(d.start() + d.user("u") + END
           + d.sub("es", '<property id="v" name="v"/>' + d.start("es_s", d.message()) + d.script("B", "log(v)")
           + d.end("es_e"), "es_s B es_e", triggeredByEvent="true"), "s u e"), v=1,
           steps=[("message", "m", {"v": 5})], expect=["5"]),
]  # fmt: skip

LANES = (
    '<laneSet id="ls"><lane id="l1" name="one"><flowNodeRef>s</flowNodeRef><childLaneSet id="cl"><lane id="l2">'
    "<flowNodeRef>A</flowNodeRef></lane></childLaneSet></lane></laneSet>"
)
NOTE = '<textAnnotation id="n1"><text>why</text></textAnnotation><association id="as1" sourceRef="A" targetRef="n1"/>'

BESIDE = [
    d.case("drawn_lanes_in_lanes", d.process(LANES + d.start() + d.log("A") + END, "s A e"), expect="A"),
    d.case("drawn_notes_and_groups", '<category id="cat"><categoryValue id="cv" value="v"/></category>',
           d.process(d.start() + d.log("A") + END, "s A e", last=NOTE + '<group id="g1" categoryValueRef="cv"/>'),
           expect="A"),
    d.case("drawn_pools", d.process(d.start() + d.task("sendTask", "t", messageRef="msg_m") + d.catch("k",
           d.message("m2")) + d.log("A") + END, "s t k A e"), d.process(d.start("s2", d.message()) + d.log("B")
           + d.end("e2", d.message("m2")), "s2 B e2", key="Q"), '<collaboration id="col"><participant id="p1" '
           'processRef="P"/><participant id="p2" processRef="Q"/><messageFlow id="mf" sourceRef="t" targetRef="s2"/>'
           '<messageFlow id="mf2" sourceRef="e2" targetRef="k"/></collaboration>', expect="BA"),
    d.case("drawn_documentation", d.process("<documentation>why</documentation>" + d.start() + d.log("A") + END,
           "s A e"), expect="A"),
    d.case("drawn_with_odd_ids", d.process(d.start("_start.1") + d.task("task", "Task-1") + d.log("Ä") + d.end("end"),
           "_start.1 Task-1 Ä end"), steps=[("complete_if_open", "Task-1")], expect=["Ä"]),
    d.case("drawn_flow_to_nowhere", d.process(d.start() + d.log("A"), "s A nowhere"), outcome="rejected"),
    d.case("drawn_not_to_be_run", d.process(d.start() + d.log("A") + END, "s A e").replace("true", "false"),
           outcome="rejected_or_incident"),
]  # fmt: skip

CASES = [*DATA, *BESIDE]
