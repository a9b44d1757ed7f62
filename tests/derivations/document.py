"""How an evidence file is written: one check a line, so that a person can read it and a diff says what changed."""

from __future__ import annotations

import json
from typing import Any

Check = dict[str, Any]
LISTS = ("checks", "references")


def text(document: dict[str, Any]) -> str:
    parts = []
    for key, value in document.items():
        if key in LISTS:
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{key}": [\n  {rows}\n ]')
        elif key == "sets":
            rows = ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            parts.append(f' "{key}": {{\n  {rows}\n }}')
        else:
            parts.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def probability(name: str, measure: str, p: float, **more: Any) -> Check:
    return {"name": name, "measure": measure, "expected": float(p), "probability": True, **more}


def number(name: str, measure: str, value: float, sd1: float, **more: Any) -> Check:
    """`sd1`: standard deviation of one path's contribution to the estimator."""
    return {"name": name, "measure": measure, "expected": float(value), "sd1": float(f"{sd1:.6g}"), **more}


def exact(name: str, measure: str, value: float, rel: float = 1e-10, **more: Any) -> Check:
    return {"name": name, "measure": measure, "expected": float(value), "rel": rel, **more}
