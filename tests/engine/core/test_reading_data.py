"""Data, correlation and people as they are read (BPMN 2.0, 10.4, 8.3.2 and 10.3.1)."""

from __future__ import annotations

import pytest

from engine.core import compile
from engine.core.model import DataAssociation, Element, MessageDefinition, UserTaskSpec
from engine.core.reading.correlation import MAX_PROPERTIES
from engine.errors import InvalidDefinition, Problem
from tests.engine.core.case import END, START, diagram, process

OBJECT = '<dataObject id="dob" name="letter"/><dataObjectReference id="ref" name="a letter" dataObjectRef="dob"/>'
STORE = '<dataStore id="store" name="archive"/>'
SPECIFICATION = (
    '<ioSpecification><dataInput id="i1" name="inp"/><dataInput id="i2" name="letter"/><dataInput id="i3" name="idle"/>'
    '<dataOutput id="o1" name="out"/><inputSet/><outputSet/></ioSpecification>'
)


def task(inner: str, before: str = OBJECT, file: str = "", around: str = "") -> Element:
    """The user task ``u`` with these parts, beside these data."""
    (model,) = compile(xml(inner, before, file, around))
    return model.elements["u"]


def xml(inner: str, before: str = OBJECT, file: str = "", around: str = "") -> bytes:
    return diagram(file, process(around + before + START + f'<userTask id="u">{inner}</userTask>' + END, "s u e"))


def wrong(content: bytes) -> str:
    (problem,) = problems(content)
    return problem.wrong


def problems(content: bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        compile(content)
    return caught.value.problems


def moved(kind: str, target: str, *sources: str, inner: str = "") -> str:
    named = "".join(f"<sourceRef>{source}</sourceRef>" for source in sources)
    return f"<data{kind}Association>{named}<targetRef>{target}</targetRef>{inner}</data{kind}Association>"


def assigned(value: str, to: str) -> str:
    return f"<assignment><from>{value}</from><to>{to}</to></assignment>"


def written(association: DataAssociation) -> list[tuple[str, str]]:
    return [(write.target, write.value.text) for write in association.writes]


class TestNames:
    def test_a_variable_is_called_by_its_name_where_an_expression_can_say_it_else_by_its_id(self) -> None:
        named = "".join(
            f'<dataObject id="{key}" name="{name}"/>'
            for key, name in [("d1", "letter"), ("d2", "the letter"), ("d3", "not"), ("d4", "信件"), ("d5", "")]
        )
        (model,) = compile(diagram(process(named + START + END, "s e")))
        assert model.elements["P"].declared == ("letter", "d2", "d3", "信件", "d5")

    def test_data_belong_to_what_holds_them(self) -> None:
        sub = f'<subProcess id="sub"><property id="p2" name="inner"/>{OBJECT}<task id="t"/></subProcess>'
        event = '<endEvent id="e"><property id="p3" name="own"/></endEvent>'
        body = f'<property id="p1" name="outer"/>{START}{sub}{event}'
        (model,) = compile(diagram(process(body, "s sub e")))
        assert model.elements["P"].declared == ("outer",)
        assert model.elements["sub"].declared == ("inner", "letter")
        assert model.elements["e"].declared == ("own",)

    def test_a_reference_stands_for_its_object_or_for_itself(self) -> None:
        lonely = '<dataObjectReference id="self" name="note"/>'
        element = task(SPECIFICATION + moved("Input", "i1", "self"), lonely)
        assert written(element.data_inputs[0]) == [("inp", "note")]
        gone = OBJECT.replace('dataObjectRef="dob"', 'dataObjectRef="gone"')
        assert "'gone' is not in the diagram" in wrong(xml("", gone))

    def test_names_that_no_expression_can_say_are_moved_all_the_same(self) -> None:
        odd = '<dataObject id="an-odd.id" name="an odd name"/>'
        element = task(SPECIFICATION + moved("Input", "i1", "an-odd.id"), odd)
        (write,) = element.data_inputs[0].writes
        assert write.value.evaluate({"an-odd.id": 5}) == 5

    def test_what_is_no_data_and_no_name_is_a_problem(self) -> None:
        assert "'no-such-data' is no data" in wrong(xml(moved("Input", "x", "no-such-data")))


class TestAssociations:
    def test_an_input_is_filled_from_its_source(self) -> None:
        element = task(SPECIFICATION + moved("Input", "i1", "ref"))
        assert written(element.data_inputs[0]) == [("inp", "letter")]
        assert element.parameters == ("inp",)

    def test_an_output_goes_to_its_target(self) -> None:
        element = task(SPECIFICATION + moved("Output", "ref", "o1"))
        assert written(element.data_outputs[0]) == [("letter", "out")]
        assert element.parameters == ("out",)

    def test_data_without_an_association_or_of_the_outer_name_are_the_outer_variable(self) -> None:
        assert task(SPECIFICATION + moved("Input", "i2", "ref")).parameters == ()

    def test_an_output_without_a_source_is_the_variable_of_the_targets_name(self) -> None:
        element = task(moved("Output", "ref"))
        assert written(element.data_outputs[0]) == [("letter", "letter")]

    def test_a_transformation_then_assignments_say_what_is_written(self) -> None:
        inner = "<transformation>out + 1</transformation>" + assigned("out", "ref") + assigned("1", "${count}")
        element = task(SPECIFICATION + moved("Output", "ref", "o1", inner=inner))
        assert written(element.data_outputs[0]) == [("letter", "out + 1"), ("letter", "out"), ("count", "1")]

    def test_an_assignment_goes_to_a_variable(self) -> None:
        inner = assigned("out", "getDataObject('x')/y")
        assert "is no data of this diagram" in wrong(xml(SPECIFICATION + moved("Output", "ref", "o1", inner=inner)))

    def test_several_sources_need_a_transformation(self) -> None:
        assert "2 sources" in wrong(xml(SPECIFICATION + moved("Input", "i1", "ref", "other")))
        inner = "<transformation>letter + other</transformation>"
        assert task(SPECIFICATION + moved("Input", "i1", "ref", "other", inner=inner)).data_inputs

    def test_an_input_comes_from_somewhere(self) -> None:
        assert "where the data come from" in wrong(xml(SPECIFICATION + moved("Input", "i1")))

    def test_events_have_them_too(self) -> None:
        event = (
            '<intermediateCatchEvent id="k"><dataOutput id="o" name="payload"/>'
            f'{moved("Output", "ref", "o")}<messageEventDefinition messageRef="msg_m"/></intermediateCatchEvent>'
        )
        (model,) = compile(diagram(process(OBJECT + START + event + END, "s k e")))
        assert written(model.elements["k"].data_outputs[0]) == [("letter", "payload")]
        assert model.elements["k"].parameters == ("payload",)


class TestStores:
    REFERENCE = '<dataStoreReference id="sref" name="the archive" dataStoreRef="store"/>'

    def test_a_store_is_read_before_what_is_written(self) -> None:
        element = task(SPECIFICATION + moved("Input", "i1", "sref"), self.REFERENCE, STORE)
        (association,) = element.data_inputs
        assert association.stores == ("archive",)
        assert written(association) == [("inp", "archive")]

    def test_what_goes_to_a_store_says_so(self) -> None:
        element = task(SPECIFICATION + moved("Output", "sref", "o1"), self.REFERENCE, STORE)
        (association,) = element.data_outputs
        assert association.store == "archive"
        assert written(association) == [("archive", "out")]

    def test_a_reference_without_a_store_is_one_of_its_own_name(self) -> None:
        reference = '<dataStoreReference id="sref" name="files"/>'
        assert task(moved("Output", "sref"), reference).data_outputs[0].store == "files"

    def test_data_go_into_a_store_by_outputs_and_come_from_it_by_inputs(self) -> None:
        assert "lead to the data store" in wrong(xml(moved("Input", "sref", "x"), self.REFERENCE, STORE))
        assert "come from the data store" in wrong(xml(moved("Output", "x", "sref"), self.REFERENCE, STORE))
        inner = assigned("1", "count")
        assert "leads to the data store" in wrong(xml(moved("Output", "sref", inner=inner), self.REFERENCE, STORE))


class TestMultiInstanceData:
    def test_the_collection_and_the_output_are_data_of_the_diagram(self) -> None:
        inner = (
            "<multiInstanceLoopCharacteristics><loopDataInputRef>ref</loopDataInputRef>"
            '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="d1" name="each"/>'
            '<outputDataItem id="d2" name="a result"/></multiInstanceLoopCharacteristics>'
        )
        loop = task(inner).loop
        assert loop is not None
        assert loop.collection.text == "letter"
        assert (loop.element_variable, loop.output_collection, loop.output_element) == ("each", "results", "d2")

    def test_what_is_no_data_and_no_name_is_a_problem(self) -> None:
        inner = "<multiInstanceLoopCharacteristics><loopDataInputRef>no-such</loopDataInputRef></multiInstanceLoopCharacteristics>"
        assert "'no-such' is no data" in wrong(xml(inner))


class TestCorrelation:
    PROPERTY = (
        '<correlationProperty id="cp" name="number"><correlationPropertyRetrievalExpression messageRef="msg_m">'
        "<messagePath>order.number</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"
    )
    KEY = '<correlationKey id="ck" name="order"><correlationPropertyRef>cp</correlationPropertyRef></correlationKey>'
    CATCH = '<receiveTask id="m" messageRef="msg_m"/><receiveTask id="k" messageRef="msg_k"/>'
    SUBSCRIPTION = (
        '<correlationSubscription correlationKeyRef="ck"><correlationPropertyBinding correlationPropertyRef="cp">'
        "<dataPath>mine</dataPath></correlationPropertyBinding></correlationSubscription>"
    )

    def collaboration(self, keys: str, process_ref: str = "P") -> str:
        return f'<collaboration id="c"><participant id="p" processRef="{process_ref}"/>{keys}</collaboration>'

    def diagram(self, *before: str, subscription: str = "") -> bytes:
        drawn = process(START + self.CATCH + END, "s m k e").replace("</process>", f"{subscription}</process>")
        return diagram(*before, drawn)

    def message(self, content: bytes, name: str) -> MessageDefinition:
        (model,) = compile(content)
        spec = model.elements[name].spec
        assert isinstance(spec, MessageDefinition)
        return spec

    def test_a_message_has_the_keys_whose_properties_are_all_in_it(self) -> None:
        content = self.diagram(self.PROPERTY, self.collaboration(self.KEY))
        (key,) = self.message(content, "m").correlation
        assert key.name == "order"
        assert [(each.name, each.path.text, each.binding) for each in key.properties] == [
            ("number", "order.number", None)
        ]
        assert self.message(content, "k").correlation == ()

    def test_a_key_belongs_to_the_participants_of_its_collaboration(self) -> None:
        content = self.diagram(self.PROPERTY, self.collaboration(self.KEY, "Q"))
        assert self.message(content, "m").correlation == ()
        conversation = f'<conversation id="talk">{self.KEY}</conversation>'
        content = self.diagram(self.PROPERTY, self.collaboration(conversation))
        assert len(self.message(content, "m").correlation) == 1

    def test_a_subscription_binds_a_key_to_data_of_the_process(self) -> None:
        content = self.diagram(self.PROPERTY, self.collaboration(self.KEY, "Q"), subscription=self.SUBSCRIPTION)
        (key,) = self.message(content, "m").correlation
        (each,) = key.properties
        assert each.binding is not None
        assert each.binding.text == "mine"

    def test_what_is_not_there_is_a_problem(self) -> None:
        assert "'cp' is no correlation property" in wrong(self.diagram(self.collaboration(self.KEY)))
        found = wrong(self.diagram(self.PROPERTY, self.collaboration(""), subscription=self.SUBSCRIPTION))
        assert "'ck' is no correlation key" in found
        empty = self.collaboration('<correlationKey id="ck"/>')
        assert "has no property" in wrong(self.diagram(empty))
        other = self.SUBSCRIPTION.replace('correlationPropertyRef="cp"', 'correlationPropertyRef="other"')
        found = wrong(self.diagram(self.PROPERTY, self.collaboration(self.KEY), subscription=other))
        assert "'other' is no property of the correlation key 'order'" in found

    def test_there_are_no_more_properties_than_anyone_draws(self) -> None:
        keys = "".join(self.KEY.replace('id="ck"', f'id="ck{number}"') for number in range(MAX_PROPERTIES + 1))
        assert "more than 50 properties" in wrong(self.diagram(self.PROPERTY, self.collaboration(keys)))


class TestPeople:
    RESOURCE = '<resource id="r" name="clerks"/>'

    def spec(self, inner: str) -> UserTaskSpec:
        spec = task(inner, file=self.RESOURCE).spec
        assert isinstance(spec, UserTaskSpec)
        return spec

    def who(self, kind: str, expression: str) -> str:
        inner = f"<formalExpression>{expression}</formalExpression>"
        return f"<{kind}><resourceAssignmentExpression>{inner}</resourceAssignmentExpression></{kind}>"

    @pytest.mark.parametrize("kind", ["humanPerformer", "performer"])
    def test_the_performer_is_the_assignee(self, kind: str) -> None:
        for expression in ("${who}", "user(${who})"):
            assignee = self.spec(self.who(kind, expression)).assignee
            assert assignee is not None
            assert assignee.evaluate({"who": "ann"}) == "ann"

    def test_potential_owners_are_candidates(self) -> None:
        spec = self.spec(self.who("potentialOwner", "user(ann), group(unit:${unit}), all"))
        assert [who.evaluate({}) for who in spec.candidate_users] == ["ann"]
        assert [who.evaluate({"unit": 3}) for who in spec.candidate_groups] == ["unit:3", "all"]

    def test_a_resource_is_a_group(self) -> None:
        spec = self.spec("<potentialOwner><resourceRef>r</resourceRef></potentialOwner>")
        assert [who.evaluate({}) for who in spec.candidate_groups] == ["clerks"]

    def test_there_is_one_assignee(self) -> None:
        twice = self.who("humanPerformer", "ann") + self.who("performer", "bob")
        assert "2 performers" in wrong(xml(twice))
        both = xml(self.who("humanPerformer", "ann")).replace(b'id="u"', b'id="u" camunda:assignee="bob"')
        assert "a performer and a camunda:assignee" in wrong(both)

    def test_who_it_is_must_be_said(self) -> None:
        assert "Nothing says who it is" in wrong(xml("<potentialOwner/>"))
        assert "is empty" in wrong(xml(self.who("potentialOwner", " , ")))
        assert "there is no 'gone'" in wrong(xml("<potentialOwner><resourceRef>gone</resourceRef></potentialOwner>"))
