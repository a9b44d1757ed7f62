"""What a scenario file may say: every table and key with its unit, range, default and meaning, read off the models.

The meaning of a key is the string that stands below its field in the component's own file.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from simulator.components.base import (
    ATTACHED,
    REGISTRY,
    Component,
    Sampled,
    SampledField,
    discover,
    is_month_field,
)
from simulator.quantities.number import Quantity
from simulator.scenario.model import NAMED, PLAIN


class Kind(NamedTuple):
    """What a value is."""

    name: str  # quantity, month, choice, flag, whole, text, table, months, named, list, either
    quantity: Quantity | None = None
    sampled: bool = False  # drawn again each month or event
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    model: type[Component] | None = None
    inner: Kind | None = None
    options: tuple[Kind, ...] = ()


class Key(NamedTuple):
    name: str
    kind: Kind
    required: bool
    default: Any
    doc: str


def keys(model: type[Component]) -> list[Key]:
    """The keys of a table, in the order of the model."""
    docs = docstrings(model)
    return [
        Key(name, kind_of(f.annotation, tuple(f.metadata)), f.is_required(), _default(f), docs.get(name, ""))
        for name, f in model.model_fields.items()
    ]


def _default(f: FieldInfo) -> Any:
    return None if f.is_required() else f.get_default(call_default_factory=True)


def kind_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Kind:
    for item in metadata:
        if isinstance(item, Quantity):
            return Kind("quantity", item)
        if isinstance(item, SampledField):
            return Kind("quantity", item.quantity, sampled=True)
        if is_month_field(item):
            return Kind("month")
    if isinstance(annotation, types.GenericAlias) or get_origin(annotation) is not None:
        return _generic(annotation, metadata)
    if annotation is Sampled:
        raise TypeError("a sampled field without its quantity")
    if annotation is bool:
        return Kind("flag")
    if annotation is int:
        limits = {type(m).__name__: m for m in _limits(metadata)}
        low, high = getattr(limits.get("Ge"), "ge", None), getattr(limits.get("Le"), "le", None)
        if high is None and "Lt" in limits:
            high = limits["Lt"].lt - 1
        return Kind("whole", low=low, high=high)
    if annotation is str:
        return Kind("text")
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return Kind("table", model=annotation)
    raise TypeError(f"no description of {annotation!r}")


def _limits(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from item.metadata
        else:
            yield item


def _generic(annotation: Any, metadata: tuple[Any, ...]) -> Kind:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(args[0], (*args[1:], *metadata))
    if origin is Literal:
        return Kind("flag") if args == (True,) else Kind("choice", choices=args)
    if origin in (Union, types.UnionType):
        options = [kind_of(a, metadata) for a in args if a is not type(None)]
        return options[0] if len(options) == 1 else Kind("either", options=tuple(options))
    if origin is dict:
        by_month = kind_of(args[0]).name == "month"
        return Kind("months" if by_month else "named", inner=kind_of(args[1]))
    if origin is tuple:
        return Kind("list", inner=kind_of(args[0]))
    raise TypeError(f"no description of {annotation!r}")


@cache
def docstrings(model: type[Component]) -> dict[str, str]:
    """Field -> the string below it, in the model's own file or in that of the piece it builds on."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Component) and one is not Component:
            found |= _own_docstrings(one)
    return found


def _own_docstrings(model: type[Component]) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == model.__name__)
    found = {}
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = " ".join(below.value.value.split())
    return found


def law_of(model: type[Component]) -> str:
    """The text at the head of the component's file: what it does, its law and its source."""
    return inspect.cleandoc(sys.modules[model.__module__].__doc__ or "")


class Listed(NamedTuple):
    """A component as `explain` lists it."""

    name: str  # "contracts.exit", "revenue.plan", "opening"
    table: str  # where it stands: "[contracts.NAME.exit]"
    model: type[Component]


def everything() -> list[Listed]:
    """All tables of the language, in the order in which a reader needs them."""
    discover()
    found = [Listed(name, f"[{name}]", model) for name, model in PLAIN.items()]
    for family, types_ in REGISTRY.items():
        named = family in NAMED
        table = f"[{family}.NAME]" if named else f"[{family}]"
        found += [Listed(f"{family}.{tag}", table, model) for tag, model in types_.items()]
        found += [
            Listed(f"{family}.{tag}", f"{table[:-1]}.{tag}]", model) for tag, model in ATTACHED.get(family, {}).items()
        ]
    return found


def unit_words(quantity: Quantity) -> str:
    """The units a key may be written in."""
    money = quantity.dimension.scaled
    units = [("$" if money else "") + u for u in quantity.dimension.units]
    return ", ".join(u or "plain" for u in units)


def kind_words(kind: Kind) -> str:
    """What a value is, for people."""
    if kind.name == "quantity" and kind.quantity is not None:
        q = kind.quantity
        words = q.dimension.name + f", for example {q.dimension.example}"
        if q.low > -1e300 or q.high < 1e300:
            words += f"; {q.range}"
        if not q.drawn:
            words += "; no distribution"
        return words + ("; drawn anew each time" if kind.sampled else "")
    if kind.name == "whole":
        return f"whole number, {kind.low} … {kind.high}"
    if kind.name == "choice":
        return " or ".join(f'"{c}"' for c in kind.choices)
    if kind.name == "either":
        return ", or ".join(kind_words(option) for option in kind.options)
    if kind.name in ("months", "named", "list") and kind.inner is not None:
        what = {"months": "by month, or a CSV plan", "named": "by name", "list": "a list"}[kind.name]
        return f"{what}: {kind_words(kind.inner)}" if kind.inner.name != "table" else f"{what}: tables"
    return {
        "month": 'calendar month, "2029-05" (with steps of a quarter "2029-Q2")',
        "flag": "true or false",
        "text": "text",
        "table": "a table",
    }[kind.name]
