"""A file from outside is refused or read, whatever is in it: bounded, from nowhere else, and never taken for another."""

from __future__ import annotations

import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.core import compile
from engine.core.reading import schemas
from engine.core.reading.correlation import MAX_PROPERTIES
from engine.core.reading.xml import MAX_ATTRIBUTES_EACH, MAX_VIOLATIONS
from engine.errors import MAX_PROBLEMS, MAX_SHOWN, InvalidDefinition, Problem
from tests.engine.core.case import HEADER, diagram, process

PLAIN = process('<startEvent id="s"/><userTask id="t"/><endEvent id="e"/>', "s t e")


def problems(xml: bytes | str) -> tuple[Problem, ...]:
    try:
        compile(xml.encode() if isinstance(xml, str) else xml)
    except InvalidDefinition as invalid:
        return invalid.problems
    return ()


def around(inside: str, *, before: str = "", attributes: str = "", encoding: str = "UTF-8") -> str:
    """A plain diagram with something hostile in it."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>{before}'
    opening = HEADER.replace('id="d"', f'id="d" {attributes}')
    return f"{head}{opening}{PLAIN.replace('<startEvent', f'{inside}<startEvent')}</definitions>"


HARMLESS = {
    "a comment of megabytes": around(f"<!--{'x' * 3_000_000}-->"),
    "a million comments": around("<!--x-->" * 1_000_000),
    "comments before the root": around("", before="<!--x-->" * 500_000),
    "a million instructions": around("<?x?>" * 1_000_000),
    "a stylesheet somewhere": around("", before='<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>'),
    "a text of megabytes": around(f"<documentation>{'x' * 9_000_000}</documentation>"),
    "pieces of a text": around(f"<documentation>{'<![CDATA[x]]>' * 500_000}</documentation>"),
    "references to characters": around(f"<documentation>{'&#65;' * 1_000_000}</documentation>"),
    "an attribute of megabytes": around("", attributes=f'name="{"x" * 9_000_000}"'),
    "many namespaces": around("", attributes=" ".join(f'xmlns:n{n}="urn:{n}"' for n in range(50_000))),
    "a schema somewhere": around("", attributes='xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd"'),
    "a schema in a file": around("", attributes='xsi:noNamespaceSchemaLocation="file:///etc/passwd"'),
    "many lines": around("\n" * 5_000_000),
}


@pytest.mark.parametrize("xml", HARMLESS.values(), ids=HARMLESS)
def test_what_has_no_meaning_does_no_harm(xml: str) -> None:
    assert problems(xml) == ()


def nested(levels: int) -> str:
    return "".join(f'<subProcess id="n{n}">' for n in range(levels)) + "</subProcess>" * levels


def entities(levels: int) -> str:
    each = (f'<!ENTITY e{n} "' + f"&e{n - 1};" * 10 + '">' for n in range(1, levels))
    return f'<!DOCTYPE d [<!ENTITY e0 "ha">{"".join(each)}]>'


ELSEWHERE = '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>'
IMPORT = '<import importType="urn:x" location="file:///etc/passwd" namespace="urn:x"/><message'
REFUSED = {
    "nesting": ("Excessive depth", around(nested(1_000))),
    "entities in a text": ("well-formed", around("<documentation>&e9;</documentation>", before=entities(10))),
    "entities in an attribute": ("well-formed", around("", before=entities(10), attributes='name="&e9;"')),
    "entities nobody uses": ("DOCTYPE", around("", before=entities(10))),
    "a parameter entity": ("DOCTYPE", around("", before=ELSEWHERE)),
    "an entity that is not there": ("well-formed", around("<documentation>&x;</documentation>")),
    "default attributes": ("DOCTYPE", around("", before='<!DOCTYPE d [<!ATTLIST userTask id CDATA "x">]>')),
    "an import": ("'import' is not supported", around("").replace("<message", IMPORT, 1)),
    "half a character": ("well-formed", around("<documentation>@</documentation>").encode().replace(b"@", b"\xc3\x28")),
    "another encoding than said": ("well-formed", around("", encoding="UTF-16")),
    "an encoding nobody knows": ("encoding", around("", encoding="klingon")),
    "UTF-7": ("written in UTF-7", around("", encoding="UTF-7").replace("<process", "+ADw-process").encode()),
    "an encoding with states": ("ISO-2022-JP", around("水", encoding="ISO-2022-JP").encode("iso2022_jp")),
    "GB18030": ("Save it as UTF-8", around("<!--水-->", encoding="GB18030").encode("gb18030")),
    "UTF-32": ("Save it as UTF-8", around("", encoding="UTF-32").encode("utf-32")),
    "NUL bytes": ("well-formed", b"\0" * 5_000_000),
    "a NUL in a text": ("well-formed", around("\0")),
    "a compressed file": ("well-formed", gzip.compress(around("").encode())),
    "nothing": ("well-formed", b""),
    "open tags": ("well-formed", b"<a>" * 3_000_000),
    "ampersands": ("well-formed", b"<a>" + b"&" * 5_000_000),
    "byte order marks": ("well-formed", b"\xef\xbb\xbf" * 1_000_000),
}


@pytest.mark.parametrize(("wrong", "xml"), REFUSED.values(), ids=REFUSED)
def test_what_could_do_harm_is_refused(wrong: str, xml: bytes | str) -> None:
    (problem, *_) = problems(xml)
    assert wrong in f"{problem.wrong} {problem.right}"


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "US-ASCII"])
def test_a_usual_encoding_is_read(encoding: str) -> None:
    assert problems(around("", encoding=encoding).encode(encoding)) == ()


def test_nothing_is_read_from_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not to be reached")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    inside = process(f'<documentation>{include}</documentation><startEvent id="s"/><userTask id="t"/>', "s t")
    (model,) = compile(diagram(inside))
    assert model.documentation == ""
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    found = problems(around("<documentation>&x;</documentation>", before=entity))
    assert found
    assert "not to be reached" not in str(found)


def test_an_element_has_a_bounded_number_of_attributes() -> None:
    def crowded(count: int) -> bytes:
        names = " ".join(f'xmlns:x="urn:x" x:a{n}="1"' if n == 0 else f'x:a{n}="1"' for n in range(count))
        return diagram(PLAIN.replace('<userTask id="t"', f'<userTask id="t" {names}'))

    assert problems(crowded(MAX_ATTRIBUTES_EACH - 1)) == ()
    (problem,) = problems(crowded(MAX_ATTRIBUTES_EACH))
    assert problem.wrong == f"An XML element has {MAX_ATTRIBUTES_EACH + 1} attributes."


def test_violations_of_the_schema_are_told_with_their_lines_as_long_as_they_can_be_read() -> None:
    def wrong(count: int) -> tuple[Problem, ...]:
        rows = "".join(f'\n<manualTask id="m{n}" strange="1"/>' for n in range(count))
        fill = "".join(f'<message id="f{n}"/>' for n in range(6_000))
        return problems(diagram(fill, process(rows, key="Q"), PLAIN))

    few = wrong(MAX_VIOLATIONS)
    assert [problem.line for problem in few] == list(range(2, MAX_VIOLATIONS + 2))
    (many,) = wrong(MAX_VIOLATIONS + 1)
    assert "'strange'" in many.wrong
    assert "There are 1,001 such places." in many.wrong


def test_of_far_too_many_problems_the_first_are_told_and_how_many_more_there_are() -> None:
    wrong = "".join(f'<userTask id="t{n}" camunda:strange="{"x" * 10_000 if n == 0 else 1}"/>' for n in range(1_500))
    body = f'<startEvent id="s"/>{wrong}'
    with pytest.raises(InvalidDefinition) as invalid:
        compile(diagram(process(body, "s " + " ".join(f"t{n}" for n in range(1_500)))))
    found = invalid.value.problems
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].wrong == "There are 500 more problems."
    assert max(len(problem.wrong) for problem in found) == MAX_SHOWN
    assert "it has 1,500 problems" in str(invalid.value)
    assert len(str(invalid.value)) < 200_000


def test_correlation_keys_without_end_are_refused() -> None:
    keys = "".join(f'<correlationKey id="k{n}"/>' for n in range(10_000))
    partners = "".join(f'<participant id="p{n}" processRef="Q{n}"/>' for n in range(10_000))
    property_of = (
        '<correlationProperty id="x" name="x"><correlationPropertyRetrievalExpression messageRef="msg_m">'
        "<messagePath>x</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"
    )
    used = "".join(
        f'<correlationKey id="u{n}"><correlationPropertyRef>x</correlationPropertyRef></correlationKey>'
        for n in range(MAX_PROPERTIES + 1)
    )
    all_of_it = f'{property_of}<collaboration id="c">{partners}{keys}</collaboration>'
    assert len(problems(diagram(all_of_it, PLAIN))) == MAX_PROBLEMS + 1
    (too_many,) = problems(diagram(f'{property_of}<collaboration id="c">{used}</collaboration>', PLAIN))
    assert too_many.element_id == f"u{MAX_PROPERTIES}"
    assert too_many.wrong == f"Up to here, correlation keys have more than {MAX_PROPERTIES} properties."


@pytest.mark.parametrize("listed", ["a," * 200_000, "{" * 1_000_000, "}" * 1_000_000, "${" * 200_000])
def test_a_long_list_of_candidates_is_refused(listed: str) -> None:
    assert problems(diagram(PLAIN.replace('id="t"', f'id="t" camunda:candidateUsers="{listed}"')))


def test_comments_in_a_script_are_no_part_of_it() -> None:
    body = '<startEvent id="s"/><scriptTask id="t"><script>a = <!-- b --> 1\n<?c d?>\nb = 2</script></scriptTask>'
    (model,) = compile(diagram(process(body, "s t")))
    assert [statement.target for statement in model.elements["t"].spec.script.statements] == ["a", "b"]  # type: ignore[union-attr]


def test_threads_that_begin_at_once_read_one_schema_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = [], []

    def slow() -> str:
        at_work.append(None)
        most.append(len(at_work))
        for _ in range(1_000):
            os.sched_yield()
        at_work.pop()
        return "a schema"

    monkeypatch.setattr(schemas, "BpmnValidator", slow)
    with ThreadPoolExecutor(4) as threads:
        assert [done.result() for done in [threads.submit(schemas.read) for _ in range(4)]] == ["a schema"] * 4
    assert most == [1] * 4
