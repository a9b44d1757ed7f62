"""The JSON Schema of scenario files, for editors: completion, hover texts and a first check while typing.

It is looser than `check`: it knows types, units, names of keys and choices, not ranges across keys or dangling names.
"""

from __future__ import annotations

import re
from typing import Any

from simulator.components.base import ATTACHED, REGISTRY, Component, discover
from simulator.quantities.distribution import discover as discover_laws
from simulator.quantities.number import Quantity
from simulator.quantities.units import Dimension
from simulator.scenario.describe import Key, Kind, keys, law_of
from simulator.scenario.load import SINGLE, TEXTS
from simulator.scenario.model import FORMAT, NAMED, PLAIN
from simulator.scenario.resolve import REMOVED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
MONTH: Schema = {"type": "string", "pattern": "^\\d{4}-(0[1-9]|1[0-2]|Q[1-4])$", "examples": ["2029-05", "2029-Q2"]}


def schema() -> Schema:
    """The whole document; the same for the same version of the package."""
    discover()
    definitions: dict[str, Schema] = {}
    properties: dict[str, Schema] = {
        "format": {"const": FORMAT, "description": "Version of the scenario format."},
        **{name: {"type": "string"} for name in TEXTS},
        "extends": {"type": "string", "pattern": "\\.toml$", "description": "A file whose keys this one overrides."},
        "inputs": {
            "type": "object",
            "description": "Distributions by name, used as { input = NAME } in several places.",
        },
        "alternatives": _alternatives(),
        "comparison": {
            "type": "object",
            "description": "Default rates to show beside the result: name -> years -> share.",
            "additionalProperties": {"type": "object"},
        },
    }
    for name, model in PLAIN.items():
        properties[name] = _removable(_table(keys(model), definitions, ""))
    for family in SINGLE:
        properties[family] = _removable(_family(family, definitions))
    for family in NAMED:
        named = {"type": "object", "additionalProperties": _removable(_family(family, definitions))}
        properties[family] = _removable(named)
    return {
        "$schema": DIALECT,
        "title": "Scenario",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _removable(value: Schema) -> Schema:
    """What a key may hold in a file that extends another: its value, or `none`, which takes the inherited one away."""
    if "anyOf" in value:
        return {**value, "anyOf": [*value["anyOf"], {"const": REMOVED}]}
    return {"anyOf": [value, {"const": REMOVED}]}


def _alternatives() -> Schema:
    member = {"type": "object", "properties": {"weight": {"type": "number", "exclusiveMinimum": 0}}}
    return {
        "type": "object",
        "description": "Groups of weighted overrides; every path draws one of each group.",
        "additionalProperties": {"type": "object", "additionalProperties": member},
    }


def _family(family: str, definitions: dict[str, Schema]) -> Schema:
    """One table of a family: which keys it has follows from its type."""
    branches = []
    clauses = {
        tag: _removable(_table(keys(model), definitions, law_of(model)))
        for tag, model in ATTACHED.get(family, {}).items()
    }
    for tag, model in REGISTRY[family].items():
        table = _table(keys(model), definitions, law_of(model))
        table["properties"] = {"type": {"const": tag}, **table["properties"], **clauses}

        name = f"{family}.{tag}"
        definitions[name] = table
        branches.append((tag, {"$ref": f"#/$defs/{name}"}))
    if len(branches) == 1:
        return branches[0][1]
    tags = [tag for tag, _ in branches]
    # without a type a table is of the family's default one, or an override of a table whose type stands elsewhere
    untyped = {"if": {"not": {"required": ["type"]}}, "then": {"anyOf": [ref for _, ref in branches]}}
    typed = [
        {"if": {"properties": {"type": {"const": tag}}, "required": ["type"]}, "then": ref} for tag, ref in branches
    ]
    return {"type": "object", "properties": {"type": {"enum": tags}}, "allOf": [*typed, untyped]}


def _table(listed: list[Key], definitions: dict[str, Schema], law: str) -> Schema:
    properties = {}
    for key in listed:
        value = _removable(_value(key.kind, definitions))
        if key.doc:
            value["description"] = key.doc
        if isinstance(key.default, str | bool | int) and key.kind.name != "quantity":
            value["default"] = key.default
        properties[key.name] = value
    # an override (`extends`) names only what it changes, so nothing is required here but what a reader needs to see
    table: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if law:
        table["description"] = law.split("\n\n", 1)[0]
    return table


def _value(kind: Kind, definitions: dict[str, Schema]) -> Schema:
    if kind.name == "quantity" and kind.quantity is not None:
        return _quantity(kind.quantity, definitions)
    if kind.name == "month":
        return MONTH
    if kind.name == "choice":
        return {"enum": list(kind.choices)}
    if kind.name == "flag":
        return {"type": "boolean"}
    if kind.name == "whole":
        limits = {"minimum": kind.low, "maximum": kind.high}
        return {"type": "integer", **{k: v for k, v in limits.items() if v is not None}}
    if kind.name == "text":
        return {"type": "string"}
    if kind.name == "table" and kind.model is not None:
        return _table(keys(kind.model), definitions, _class_doc(kind.model))
    if kind.name == "either":
        return {"anyOf": [_value(option, definitions) for option in kind.options]}
    inner = {} if kind.inner is None else _value(kind.inner, definitions)
    if kind.name == "list":
        return {"type": "array", "items": inner}
    if kind.name == "months":
        plan = {"type": "object", "required": ["csv", "column"], "properties": {k: {"type": "string"} for k in PLAN}}
        by_month = {
            "type": "object",
            "patternProperties": {str(MONTH["pattern"]): inner},
            "additionalProperties": False,
        }
        return {"anyOf": [by_month, {**plan, "additionalProperties": False}]}
    return {"type": "object", "additionalProperties": inner}


PLAN = ("csv", "column", "month", "unit")


def _class_doc(model: type[Component]) -> str:
    return (model.__doc__ or "") if model.__doc__ != Component.__doc__ else ""


def _quantity(quantity: Quantity, definitions: dict[str, Schema]) -> Schema:
    name = quantity.dimension.name
    definitions.setdefault(name, _dimension(quantity.dimension))
    definitions.setdefault("distribution", _distribution())
    number: Schema = {"$ref": f"#/$defs/{name}"}
    return {"anyOf": [number, {"$ref": "#/$defs/distribution"}]} if quantity.drawn else number


def _dimension(dimension: Dimension) -> Schema:
    examples = re.findall(r'"([^"]*)"', dimension.example)
    text: Schema = {"type": "string", "pattern": "[0-9]"}
    if examples:
        text["examples"] = examples
    units = ", ".join(("$" if dimension.scaled else "") + unit or "plain" for unit in dimension.units)
    number: Schema = {"type": "number"} if dimension.bare else {"const": 0}
    return {"description": f"{dimension.name}; units: {units}", "anyOf": [text, number]}


def _distribution() -> Schema:
    laws = discover_laws()
    quantiles = {q: {"type": ["string", "number"]} for q in ("p10", "p50", "p90")}
    return {
        "description": "A distribution: the number is drawn once a path (or each month, where the key says so).",
        "type": "object",
        "properties": {
            **quantiles,
            **{tag: {"description": cls.fields} for tag, cls in sorted(laws.items()) if tag != "quantiles"},
            "truncate": {"type": "array", "minItems": 2, "maxItems": 2},
            "input": {"type": "string", "description": "The name of a distribution in [inputs]."},
        },
        "additionalProperties": False,
    }
