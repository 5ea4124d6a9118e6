"""Kinds of flow nodes that are alike in what may be around them."""

from __future__ import annotations

SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
TASKS = frozenset(
    {
        "task",
        "manualTask",
        "userTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
    }
)
ACTIVITIES = SCOPES | TASKS | {"callActivity"}
EVENTS = frozenset({"startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"})
