"""Properties, data objects and stores, associations, and correlation (BPMN 2.0, 10.4 and 8.3.2)."""

from __future__ import annotations

from engine.core import correlation, facts
from tests.engine.core.case import END, MESSAGE, START, Case, event, log, process, scope

OBJECT = '<dataObject id="dob" name="letter"/><dataObjectReference id="ref" dataObjectRef="dob"/>'


def script(name: str, code: str, inner: str = "") -> str:
    return f'<scriptTask id="{name}">{inner}<script>{code}</script></scriptTask>'


def specification(inputs: str = "", outputs: str = "") -> str:
    def sets(kind: str, names: str) -> str:
        return "".join(f'<data{kind} id="{name}" name="{name}"/>' for name in names.split())

    def references(kind: str, names: str) -> str:
        inside = "".join(f"<data{kind}Refs>{name}</data{kind}Refs>" for name in names.split())
        return f"<{kind.lower()}Set>{inside}</{kind.lower()}Set>"

    return (
        f"<ioSpecification>{sets('Input', inputs)}{sets('Output', outputs)}"
        f"{references('Input', inputs)}{references('Output', outputs)}</ioSpecification>"
    )


def association(kind: str, source: str, target: str, inner: str = "") -> str:
    sources = f"<sourceRef>{source}</sourceRef>" if source else ""
    return f"<data{kind}Association>{sources}<targetRef>{target}</targetRef>{inner}</data{kind}Association>"


def test_data_flow_into_and_out_of_an_activity_by_its_associations() -> None:
    write = specification("", "out") + association("Output", "out", "ref")
    read = specification("inp") + association("Input", "ref", "inp")
    body = OBJECT + START + script("A", "out = 5", write) + script("B", "log(inp)", read) + END
    case = Case(process(body, "s A B e")).start()
    assert case.trace == ["5"]
    assert case.variables == {"letter": 5}, "what the activity calls it stays inside"


def test_an_association_may_transform_or_assign() -> None:
    transform = association("Output", "out", "ref", "<transformation>out * 2</transformation>")
    assign = association("Input", "ref", "inp", "<assignment><from>letter + 1</from><to>inp</to></assignment>")
    body = (
        OBJECT
        + START
        + script("A", "out = 5", specification("", "out") + transform)
        + script("B", "log(inp)", specification("inp") + assign)
        + END
    )
    assert Case(process(body, "s A B e")).start().trace == ["11"]


def test_a_user_task_gives_its_data_outputs() -> None:
    inner = specification("", "verdict") + association("Output", "verdict", "ref")
    body = OBJECT + START + f'<userTask id="u">{inner}</userTask>' + script("B", "log(letter)") + END
    case = Case(process(body, "s u B e")).start()
    case.complete("u", verdict="yes", note="n")
    assert case.trace == ["yes"]
    assert case.variables == {"letter": "yes", "note": "n"}


def test_data_objects_belong_to_the_scope_that_holds_them() -> None:
    inside = (
        OBJECT.replace("dob", "d2").replace("ref", "r2") + '<startEvent id="s2"/>' + script("A", "letter = 'inside'")
    )
    body = OBJECT + START + scope("sp", inside, "s2 A") + script("B", "log(letter == null)") + END
    assert Case(process(body, "s sp B e")).start().trace == ["True"]


def test_properties_of_an_activity_are_its_own() -> None:
    body = START + script("A", "p = 1; log(p)", '<property id="p" name="p"/>') + log("B") + END
    case = Case(process(body, "s A B e")).start()
    assert case.trace == ["1", "B"]
    assert case.variables == {}


def test_a_data_store_outlives_the_instance() -> None:
    store = '<dataStore id="ds" name="register"/>'
    reference = '<dataStoreReference id="dsr" dataStoreRef="ds"/>'
    write = specification("", "out") + association("Output", "out", "dsr")
    read = specification("inp") + association("Input", "dsr", "inp")
    writer = process(reference + START + script("A", "out = 7", write) + END, "s A e")
    reader = process(
        reference.replace("dsr", "dsr2")
        + '<startEvent id="qs"/>'
        + script("B", "log(inp)", read.replace("dsr", "dsr2"))
        + '<endEvent id="qe"/>',
        "qs B qe",
        key="Q",
    )
    case = Case(store, writer, reader).start()
    assert [(fact.store, fact.value) for fact in case.happened(facts.DataStored)] == [("register", 7)]
    case.facts.clear()
    case.start(key="Q")
    assert case.trace == ["7"]


def test_a_store_gives_at_once_what_was_put_into_it() -> None:
    reference = '<dataStoreReference id="dsr" dataStoreRef="ds"/>'
    write = specification("", "out") + association("Output", "out", "dsr")
    read = specification("inp") + association("Input", "dsr", "inp")
    body = reference + START + script("A", "out = 7", write) + script("B", "log(inp)", read) + END
    assert Case('<dataStore id="ds" name="register"/>', process(body, "s A B e")).start().trace == ["7"]


def test_a_throwing_event_sends_its_data_inputs_and_a_catching_one_picks_from_what_came() -> None:
    throw = event(
        "intermediateThrowEvent",
        "t",
        '<dataInput id="sent" name="sent"/>'
        + association("Input", "ref", "sent")
        + "<inputSet><dataInputRefs>sent</dataInputRefs></inputSet>"
        + MESSAGE,
    )
    catch = event(
        "intermediateCatchEvent",
        "k",
        '<dataOutput id="got" name="got"/>'
        + association("Output", "got", "ref")
        + "<outputSet><dataOutputRefs>got</dataOutputRefs></outputSet>"
        + MESSAGE,
    )
    body = OBJECT + START + script("A", "letter = 1") + throw + catch + script("B", "log(letter)") + END
    case = Case(process(body, "s A t k B e")).start()
    (thrown,) = case.happened(facts.MessageThrown)
    assert thrown.variables == {"sent": 1}
    case.message("m", got=2, rest=3)
    assert case.trace == ["2"]
    assert case.variables == {"letter": 2}


def test_a_call_activity_hands_its_data_inputs_over_and_takes_its_data_outputs_back() -> None:
    inner = specification("inp", "out") + association("Input", "ref", "inp") + association("Output", "out", "ref")
    called = process('<startEvent id="qs"/>' + script("X", "out = inp + 1") + '<endEvent id="qe"/>', "qs X qe", key="Q")
    body = (
        OBJECT
        + START
        + script("A", "letter = 1")
        + f'<callActivity id="c" calledElement="Q">{inner}</callActivity>'
        + script("B", "log(letter)")
        + END
    )
    assert Case(called, process(body, "s A c B e")).start().trace == ["2"]


CORRELATION = (
    '<correlationProperty id="cp" name="order"><correlationPropertyRetrievalExpression messageRef="msg_m">'
    "<messagePath>number</messagePath></correlationPropertyRetrievalExpression>"
    '<correlationPropertyRetrievalExpression messageRef="msg_k"><messagePath>order.number</messagePath>'
    "</correlationPropertyRetrievalExpression></correlationProperty>"
)
COLLABORATION = (
    '<collaboration id="col"><participant id="p1" processRef="P"/>'
    '<correlationKey id="ck" name="by-order"><correlationPropertyRef>cp</correlationPropertyRef></correlationKey>'
    "</collaboration>"
)


def test_a_conversation_keeps_the_key_of_its_first_message() -> None:
    start, catch = event("startEvent", "st", MESSAGE), event("intermediateCatchEvent", "k", MESSAGE)
    case = Case(CORRELATION, process(start + catch + log("A"), "st k A"), COLLABORATION).start(at="st", number=7)
    (key,) = case.happened(facts.CorrelationKeySet)
    (wait,) = case.state.waits.values()
    assert wait.key == key.value == '{"by-order":{"order":7}}'


def test_another_message_of_the_conversation_has_the_same_key_by_a_path_of_its_own() -> None:
    start = event("startEvent", "st", MESSAGE)
    catch = event("intermediateCatchEvent", "k", '<messageEventDefinition messageRef="msg_k"/>')
    case = Case(CORRELATION, process(start + catch + log("A"), "st k A"), COLLABORATION).start(at="st", number=7)
    (wait,) = case.state.waits.values()
    assert wait.key == '{"by-order":{"order":7}}'
    definition = case.models["P"].elements["k"].triggers[0]
    assert correlation.keys_of(definition, {"order": {"number": 7}}, {}) == (wait.key,)
    assert correlation.keys_of(definition, {"number": 7}, {}) == ()


def test_before_the_first_message_any_is_taken() -> None:
    catch = event("intermediateCatchEvent", "k", MESSAGE)
    case = Case(
        CORRELATION, process(START + catch + catch.replace('"k"', '"k2"') + log("A"), "s k k2 A"), COLLABORATION
    )
    case.start()
    (wait,) = case.state.waits.values()
    assert wait.key is None
    case.message("m", None, number=3)
    (wait,) = case.state.waits.values()
    assert wait.key == '{"by-order":{"order":3}}'


def test_a_process_may_bind_a_key_to_its_own_data() -> None:
    subscription = (
        '<correlationSubscription id="cs" correlationKeyRef="ck"><correlationPropertyBinding correlationPropertyRef="cp">'
        "<dataPath>mine</dataPath></correlationPropertyBinding></correlationSubscription>"
    )
    catch = event("intermediateCatchEvent", "k", MESSAGE)
    drawn = process(START + catch + log("A"), "s k A").replace("</process>", subscription + "</process>")
    case = Case(CORRELATION, drawn, COLLABORATION).start(mine=9)
    (wait,) = case.state.waits.values()
    assert wait.key == '{"by-order":{"order":9}}'
