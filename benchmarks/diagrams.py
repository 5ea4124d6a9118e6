"""What is measured: one user task followed by three automatic elements, and a loop without a wait."""

from __future__ import annotations

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:pujiang:benchmark">'
    '<process id="P" isExecutable="true"><startEvent id="start"/>'
)
_FOOT = "</process></definitions>"


def _flow(source: str, target: str, condition: str = "") -> str:
    inner = condition and f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>'
    return f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


STEP = (
    _HEAD + '<userTask id="decide"/><scriptTask id="count"><script>n = n + 1</script></scriptTask>'
    '<exclusiveGateway id="enough" default="enough-next"/><task id="note"/><userTask id="next"/><endEvent id="end"/>'
    + _flow("start", "decide")
    + _flow("decide", "count")
    + _flow("count", "enough")
    + _flow("enough", "note", "n &gt; 0")
    + _flow("enough", "next")
    + _flow("note", "next")
    + _flow("next", "end")
    + _FOOT
).encode()
"""Completing `decide` runs `count`, `enough` and `note`, and opens `next`."""


def loop(rounds: int) -> bytes:
    """A loop of four elements: a gateway, a script, an undefined task and a gateway with a condition."""
    return (
        _HEAD + '<exclusiveGateway id="again"/><scriptTask id="count"><script>n = n + 1</script></scriptTask>'
        '<task id="note"/><exclusiveGateway id="enough" default="enough-end"/><endEvent id="end"/>'
        + _flow("start", "again")
        + _flow("again", "count")
        + _flow("count", "note")
        + _flow("note", "enough")
        + _flow("enough", "end")
        + _flow("enough", "again", f"n &lt; {rounds}")
        + _FOOT
    ).encode()
