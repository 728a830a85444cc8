"""A verdict as JUnit XML, the form in which CI systems read tests: one case for each budget, model and point."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from mbcost import __version__
from mbcost.budgets.verdicts.words import explained, facts, footer, point, sentence, verdict
from mbcost.escape import line, xml

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result

__all__ = ["junit"]


def junit(outcome: Outcome) -> str:
    """The XML text: a failure for every limit exceeded, the value and the limit as properties."""
    cases: dict[tuple[str, int, str, str], list[Result]] = {}
    for result in outcome.results:
        cases.setdefault((result.file.path, result.budget.number, result.model, point(result)), []).append(result)
    failed = sum(1 for results in cases.values() if any(r.status == "fail" for r in results))
    skipped = sum(1 for results in cases.values() if _skipped(results))
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped), "time": "0"}
    root = ET.Element("testsuites", {"name": "mbcost check", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "mbcost check", **counts})
    properties = ET.SubElement(suite, "properties")
    facts_of_all = {
        "convention": ", ".join(sorted({str(file.convention) for file in outcome.files})),
        "version": __version__,
        "verdict": verdict(outcome),
    }
    if outcome.base:
        facts_of_all["base"] = outcome.base
    for name, value in facts_of_all.items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for (file, number, model, at), results in cases.items():
        budget = f"{line(file)} budget {number}" if file else "limits"
        case = ET.SubElement(suite, "testcase", {"classname": model, "name": f"{budget}, {at}", "time": "0"})
        if file:
            case.set("file", file)
            place = results[0].budget.place
            case.set("line", str(place.line) if place else "1")
        _case(case, results)
    ET.SubElement(suite, "system-out").text = footer(outcome)
    for element in root.iter():  # whoever puts something in, nothing gets out another way
        element.attrib = {key: line(value) for key, value in element.attrib.items()}
        element.text = None if element.text is None else xml(element.text)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _skipped(results: list[Result]) -> bool:
    return all(r.status in {"new", "unchecked"} for r in results)


def _case(case: ET.Element, results: list[Result]) -> None:
    properties = ET.SubElement(case, "properties")
    ET.SubElement(properties, "property", {"name": "table_hash", "value": results[0].cost.network.table_hash})
    for result in results:
        limit = result.limit
        name = f"{limit.kind} {limit.quantity}" + (f" {line(limit.layers)}" if limit.layers else "")
        ET.SubElement(properties, "property", {"name": name, "value": str(result.value)})
        ET.SubElement(
            properties,
            "property",
            {"name": f"{name} limit", "value": str(result.allowed if result.allowed is not None else limit.text)},
        )
    failures = [r for r in results if r.status == "fail"]
    if failures:
        message = "; ".join(map(facts, failures))
        text = "\n".join([explained([failure]) for failure in failures])
        ET.SubElement(case, "failure", {"message": message, "type": "over budget"}).text = text
    elif _skipped(results):
        ET.SubElement(case, "skipped", {"message": "relative limits without a base"})
    warnings = [sentence(r) for r in results if r.status == "warn"]
    if warnings:
        ET.SubElement(case, "system-out").text = "\n".join([f"warning: {text}" for text in warnings])
