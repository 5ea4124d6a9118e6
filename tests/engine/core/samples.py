"""Diagrams that together hold every element and every attribute of BPMN that the engine takes."""

from __future__ import annotations

from tests.engine.core.case import END, START, diagram, flows, process

_TASKS = """
<laneSet id="lanes" name="l"><lane id="lane" name="l" partitionElementRef="x">
  <flowNodeRef>a</flowNodeRef>
  <childLaneSet id="inner" name="l"><lane id="lane2"/></childLaneSet></lane></laneSet>
<startEvent id="s" name="n"/>
<task id="a" name="n" default="a-b" isForCompensation="false" startQuantity="2" completionQuantity="2">
  <documentation textFormat="text/plain">why</documentation>
  <extensionElements><camunda:properties><camunda:property name="p" value="v"/></camunda:properties></extensionElements>
  <auditing/><monitoring/><categoryValueRef>value</categoryValueRef><incoming>s-a</incoming><outgoing>a-b</outgoing>
  <resourceRole name="r"><resourceRef>people</resourceRef></resourceRole>
  <standardLoopCharacteristics testBefore="true" loopMaximum="3"><loopCondition xsi:type="tFormalExpression"
    language="juel" evaluatesToTypeRef="xsi:boolean">x</loopCondition></standardLoopCharacteristics></task>
<manualTask id="b" name="n"/>
<userTask id="c" name="n" implementation="##unspecified" camunda:dueDate="${due}" camunda:formRef="f">
  <potentialOwner name="p"><resourceRef>people</resourceRef></potentialOwner>
  <potentialOwner><resourceAssignmentExpression>
    <formalExpression language="juel">user(ann), group(clerks), all</formalExpression></resourceAssignmentExpression>
  </potentialOwner>
  <humanPerformer name="p"><resourceAssignmentExpression><expression>bob</expression></resourceAssignmentExpression>
  </humanPerformer><rendering/></userTask>
<userTask id="c2"><performer name="p"><resourceAssignmentExpression><formalExpression>bob</formalExpression>
  </resourceAssignmentExpression></performer></userTask>
<serviceTask id="d1" name="n" implementation="##WebService" operationRef="op"/>
<sendTask id="e2" name="n" implementation="##WebService" messageRef="msg_m"/>
<sendTask id="e3" operationRef="op"/>
<receiveTask id="f" name="n" implementation="##WebService" messageRef="msg_m" instantiate="false"/>
<receiveTask id="f2" operationRef="op"/>
<scriptTask id="g" name="n" scriptFormat="python"><script>x = 1</script></scriptTask>
<businessRuleTask id="h" name="n" implementation="##unspecified" camunda:decisionRef="rule"/>
<callActivity id="i" name="n" calledElement="G"/>
"""
TASKS = diagram(
    '<category id="cat" name="n"><categoryValue id="value" value="v"/></category>'
    '<resource id="people" name="people"><resourceParameter name="n" isRequired="true" type="xsi:string"/></resource>'
    '<endPoint id="point"/><partnerEntity id="entity" name="n"><participantRef>p</participantRef></partnerEntity>'
    '<partnerRole id="role" name="n"><participantRef>p</participantRef></partnerRole>'
    '<interface id="int" name="n" implementationRef="x"><operation id="op" name="pay" implementationRef="x">'
    "<inMessageRef>msg_m</inMessageRef><outMessageRef>msg_k</outMessageRef><errorRef>err_x</errorRef></operation></interface>"
    '<globalTask id="G" name="n"/><globalManualTask id="G2" name="n"/>'
    '<globalUserTask id="G3" name="n" implementation="##unspecified"/>'
    '<globalScriptTask id="G4" name="n" scriptLanguage="python"><script>x = 1</script></globalScriptTask>'
    '<globalBusinessRuleTask id="G5" name="n" implementation="##unspecified" camunda:decisionRef="rule"/>',
    process(_TASKS + END, "s a b c c2 d1 e2 e3 f f2 g h i e"),
)

_GATEWAYS = """
<startEvent id="s"/>
<exclusiveGateway id="x" name="n" gatewayDirection="Diverging" default="x-a"/><task id="a"/><task id="b"/>
<inclusiveGateway id="o" name="n" gatewayDirection="Mixed" default="o-c"/><task id="c"/><task id="d1"/>
<parallelGateway id="p" name="n" gatewayDirection="Mixed"/><task id="f"/><task id="g"/>
<complexGateway id="k" name="n" gatewayDirection="Mixed" default="k-h">
  <activationCondition xsi:type="tFormalExpression" language="juel">activationCount > 0</activationCondition>
</complexGateway><task id="h"/><task id="i"/>
"""
GATEWAYS = diagram(
    process(
        _GATEWAYS,
        "s x a o c p f k h",
        "x b o d1 p g k i",
        conditions={"x-b": "v", "o-d1": "v", "k-i": "v"},
    ).replace('id="s-x"', 'id="s-x" name="n" isImmediate="true"'),
    '<process id="Q" isExecutable="true"><eventBasedGateway id="ev" name="n" instantiate="true" '
    'eventGatewayType="Parallel" gatewayDirection="Diverging"/><intermediateCatchEvent id="m1">'
    '<messageEventDefinition messageRef="msg_m"/></intermediateCatchEvent><intermediateCatchEvent id="m2">'
    f'<signalEventDefinition signalRef="sig_g"/></intermediateCatchEvent>{flows("ev m1", "ev m2")}</process>',
    '<process id="R" isExecutable="true"><receiveTask id="r" messageRef="msg_m" instantiate="true"/></process>',
)

_SCOPES = """
<startEvent id="s"/>
<subProcess id="sub" name="n" triggeredByEvent="false"><userTask id="u"/>
  <subProcess id="es" triggeredByEvent="true"><startEvent id="es_s" isInterrupting="false" name="n">
    <escalationEventDefinition escalationRef="esc_c" camunda:escalationCodeVariable="v"/></startEvent>
    <endEvent id="es_e"/><sequenceFlow id="es-f" sourceRef="es_s" targetRef="es_e"/></subProcess></subProcess>
<transaction id="tx" name="n" method="##Compensate"><endEvent id="cancel"><cancelEventDefinition/></endEvent></transaction>
<boundaryEvent id="cancelled" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent><userTask id="sorry"/>
<adHocSubProcess id="ad" name="n" ordering="Sequential" cancelRemainingInstances="false">
  <userTask id="u1"/><userTask id="u2"/><completionCondition xsi:type="tFormalExpression" language="juel">v
  </completionCondition></adHocSubProcess>
<userTask id="paid"/><boundaryEvent id="undo" attachedToRef="paid"><compensateEventDefinition/></boundaryEvent>
<userTask id="refund" isForCompensation="true"/>
<intermediateThrowEvent id="undoing">
  <compensateEventDefinition activityRef="paid" waitForCompletion="false"/></intermediateThrowEvent>
<association id="as" sourceRef="undo" targetRef="refund" associationDirection="One"/>
"""
SCOPES = diagram(process(_SCOPES, "s sub tx ad paid undoing", "cancelled sorry"))

_EVENTS = """
<startEvent id="s" name="n"><timerEventDefinition id="t1"><timeCycle xsi:type="tFormalExpression" language="juel">R3/PT1H
  </timeCycle></timerEventDefinition></startEvent>
<startEvent id="s2" parallelMultiple="true"><signalEventDefinition signalRef="sig_g"/>
  <conditionalEventDefinition><condition xsi:type="tFormalExpression" language="juel">v</condition>
  </conditionalEventDefinition></startEvent>
<intermediateCatchEvent id="c1" name="n" parallelMultiple="true"><messageEventDefinition messageRef="msg_m"/>
  <timerEventDefinition><timeDate xsi:type="tFormalExpression" language="juel">${when}</timeDate></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="c2"><messageEventDefinition><operationRef>op</operationRef></messageEventDefinition>
  <eventDefinitionRef>shared</eventDefinitionRef></intermediateCatchEvent>
<serviceTask id="u" operationRef="op"/>
<boundaryEvent id="b1" name="n" attachedToRef="u" cancelActivity="false" parallelMultiple="true">
  <signalEventDefinition signalRef="sig_g"/><timerEventDefinition><timeDuration xsi:type="tFormalExpression" language="juel">PT1H</timeDuration>
  </timerEventDefinition></boundaryEvent>
<boundaryEvent id="b2" attachedToRef="u"><errorEventDefinition errorRef="err_x" camunda:errorCodeVariable="v"/>
</boundaryEvent>
<intermediateThrowEvent id="t2" name="n"><linkEventDefinition name="L"><source>ld</source><target>ld</target>
</linkEventDefinition></intermediateThrowEvent>
<intermediateCatchEvent id="c3"><linkEventDefinition id="ld" name="L"/></intermediateCatchEvent>
<endEvent id="e" name="n"><errorEventDefinition errorRef="err_x"/></endEvent>
<endEvent id="e2"><terminateEventDefinition/></endEvent>
"""
EVENTS = diagram(
    '<interface id="int" name="n"><operation id="op" name="pay"><inMessageRef>msg_m</inMessageRef>'
    "<outMessageRef>msg_k</outMessageRef></operation></interface>"
    '<signalEventDefinition id="shared" signalRef="sig_h"/>',
    process(_EVENTS, "s c1 c2 u t2", "s2 u", "b1 e2", "b2 e2", "c3 e"),
    '<process id="Q" isExecutable="true"><supportedInterfaceRef>int</supportedInterfaceRef><startEvent id="qs"/>'
    '<endEvent id="qe"><messageEventDefinition><operationRef>op</operationRef></messageEventDefinition></endEvent>'
    f"{flows('qs qe')}</process>",
)

_DATA = """
<property id="total" name="total" itemSubjectRef="item"><dataState name="n"/></property>
<startEvent id="s"/>
<dataObject id="dob" name="letter" itemSubjectRef="item" isCollection="false"/>
<dataObjectReference id="ref" name="n" itemSubjectRef="item" dataObjectRef="dob"/>
<dataStoreReference id="sref" name="n" itemSubjectRef="item" dataStoreRef="store"/>
<userTask id="a"><ioSpecification id="io">
    <dataInput id="i1" name="inp" itemSubjectRef="item" isCollection="false"/>
    <dataOutput id="o1" name="out" itemSubjectRef="item" isCollection="false"/>
    <inputSet name="n"><dataInputRefs>i1</dataInputRefs><optionalInputRefs>i1</optionalInputRefs>
      <outputSetRefs>os</outputSetRefs></inputSet>
    <outputSet id="os" name="n"><dataOutputRefs>o1</dataOutputRefs><optionalOutputRefs>o1</optionalOutputRefs>
      <inputSetRefs>os</inputSetRefs></outputSet></ioSpecification>
  <property id="own" name="own"/>
  <dataInputAssociation><sourceRef>ref</sourceRef><targetRef>i1</targetRef>
    <transformation language="juel">letter + 1</transformation></dataInputAssociation>
  <dataInputAssociation><sourceRef>sref</sourceRef><targetRef>i1</targetRef></dataInputAssociation>
  <dataOutputAssociation><sourceRef>o1</sourceRef><targetRef>ref</targetRef>
    <assignment><from xsi:type="tFormalExpression" language="juel">out + 1</from><to xsi:type="tFormalExpression" language="juel">total</to></assignment>
  </dataOutputAssociation>
  <dataOutputAssociation><sourceRef>o1</sourceRef><targetRef>sref</targetRef></dataOutputAssociation></userTask>
<userTask id="b"><multiInstanceLoopCharacteristics isSequential="true" behavior="None" noneBehaviorEventRef="shared">
  <loopDataInputRef>ref</loopDataInputRef><loopDataOutputRef>total</loopDataOutputRef>
  <inputDataItem id="one" name="each" itemSubjectRef="item" isCollection="false"/>
  <outputDataItem id="two" name="result" itemSubjectRef="item" isCollection="false"/>
  <completionCondition>v</completionCondition></multiInstanceLoopCharacteristics></userTask>
<userTask id="c"><multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="shared">
  <loopCardinality xsi:type="tFormalExpression" language="juel">3</loopCardinality></multiInstanceLoopCharacteristics>
</userTask>
<userTask id="d1"><multiInstanceLoopCharacteristics behavior="Complex" camunda:collection="xs" camunda:elementVariable="x">
  <complexBehaviorDefinition><condition language="juel">v</condition>
    <event id="thrown" name="n"><signalEventDefinition signalRef="sig_g"/></event></complexBehaviorDefinition>
</multiInstanceLoopCharacteristics></userTask>
"""
DATA = diagram(
    '<itemDefinition id="item" structureRef="xsi:string" isCollection="false" itemKind="Information"/>'
    '<dataStore id="store" name="archive" capacity="3" isUnlimited="false" itemSubjectRef="item"/>'
    '<signalEventDefinition id="shared" signalRef="sig_h"/>',
    process(_DATA + END, "s a b c d1 e"),
)

_CONVERSATION = """
<conversation id="conv" name="n"><participantRef>p</participantRef><messageFlowRef>mf</messageFlowRef>
  <correlationKey id="key" name="order"><correlationPropertyRef>number</correlationPropertyRef></correlationKey>
</conversation>
<subConversation id="subconv" name="n"/><callConversation id="callconv" name="n" calledCollaborationRef="g"/>
<conversationAssociation innerConversationNodeRef="conv" outerConversationNodeRef="conv"/>
<participantAssociation><innerParticipantRef>p</innerParticipantRef><outerParticipantRef>p</outerParticipantRef>
</participantAssociation>
<messageFlowAssociation innerMessageFlowRef="mf" outerMessageFlowRef="mf"/>
<conversationLink id="cl" name="n" sourceRef="p" targetRef="conv"/>
"""
COLLABORATION = (
    diagram(
        '<correlationProperty id="number" name="number" type="xsi:string"><correlationPropertyRetrievalExpression '
        'messageRef="msg_m"><messagePath language="juel">order.number</messagePath>'
        "</correlationPropertyRetrievalExpression></correlationProperty>"
        '<category id="cat" name="n"><categoryValue id="value" value="v"/></category>'
        '<collaboration id="col" name="n" isClosed="false"><participant id="p" name="n" processRef="P">'
        "<interfaceRef>int</interfaceRef><endPointRef>point</endPointRef>"
        '<participantMultiplicity minimum="0" maximum="2"/></participant><participant id="q"/>'
        '<messageFlow id="mf" name="n" sourceRef="q" targetRef="k" messageRef="msg_m"/>'
        '<textAnnotation id="note" textFormat="text/plain"><text>mind</text></textAnnotation>'
        f'<group id="grp" categoryValueRef="value"/>{_CONVERSATION}</collaboration>'
        '<globalConversation id="g" name="n" isClosed="false"><participant id="r"/></globalConversation>',
        process(
            START
            + '<intermediateCatchEvent id="k"><messageEventDefinition messageRef="msg_m"/></intermediateCatchEvent>',
            "s k",
        ).replace(
            "</process>",
            '<correlationSubscription correlationKeyRef="key"><correlationPropertyBinding correlationPropertyRef="number">'
            '<dataPath language="juel">mine</dataPath></correlationPropertyBinding></correlationSubscription>'
            "<supports>P</supports></process>",
        ),
    )
    .decode()
    .replace(
        'isExecutable="true"',
        'name="n" isExecutable="true" isClosed="false" processType="Private" definitionalCollaborationRef="col"',
    )
    .replace(
        'targetNamespace="urn:test"',
        'targetNamespace="urn:test" name="n" expressionLanguage="http://www.w3.org/1999/XPath" typeLanguage="urn:t" '
        'exporter="x" exporterVersion="1"',
    )
    .encode()
)

SAMPLES = {
    "tasks": TASKS,
    "gateways": GATEWAYS,
    "scopes": SCOPES,
    "events": EVENTS,
    "data": DATA,
    "collaboration": COLLABORATION,
}
