"""`simulator warnings`: conditional answers and early-warning figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.answer import OUT, answer, span, usage
from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all


@click.command(short_help="Say what tells failing paths apart in time, and what follows when money does not come.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option(
    "--at",
    "landmark",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help="What is known at the close of this month.",
)
@click.option(
    "--ahead", type=click.IntRange(1), default=12, show_default=True, help="Default within so many months from there."
)
@click.option("--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Number of paths.")
@OUT
@AS_JSON
@guarded
def warnings(
    file: Path, settings: tuple[str, ...], landmark: int, ahead: int, paths: int, out: Path | None, as_json: bool
) -> None:
    """Conditional answers for scenario FILE, over the paths that stand at month --at.

    Default probability given that a source of money gave nothing; months from the first breach to default; and figures of the
    month that separate failing from surviving paths: AUC (a half says nothing, one everything) and the lift of the worst tenth.
    """
    from simulator.analysis.conditional import conditional

    (scenario,) = load_all((file,), settings)
    try:
        document = conditional(scenario, landmark, ahead, paths).document
    except ValueError as problem:
        raise usage(problem) from None
    tables = {"warnings": document["warnings"], "without_money": document["without_money"]}
    answer(document, tables, out, as_json, lines)


def lines(d: dict[str, Any]) -> list[str]:
    found = [
        f"{d['standing']:,} of {d['paths']:,} paths stand at month {d['landmark']} ({d['label']}); "
        f"of these {span(d['pd'])} fail within {d['ahead']} months",
        "",
        f"{'no money by then from':<24}{'share of paths':<30}{'then default':<30}{'with the money':<30}",
    ]
    found += [
        f"{w['source'][:23]:<24}{span(w['share']):<30}{span(w['pd']):<30}{span(w['pd_with']):<30}"
        for w in d["without_money"]
    ]
    b = d["breach"]
    found += [
        "",
        f"a breach by the horizon: {span(b['share'])}; of these in default by then: {span(b['then_default'])}",
    ]
    wait = b["months_to_default"]
    if wait["p50"]["value"] is not None:
        said = ", ".join(
            f"{name.upper()} {e['value']:.0f} ({e['low']:.0f} to {e['high']:.0f})" for name, e in wait.items()
        )
        found.append(f"months from the first breach to the default: {said}")
    found += ["", f"{'early warning':<36}{'worse':<7}{'AUC':<24}{'lift of the worst tenth':<24}"]
    for w in d["warnings"]:
        a, lift = (
            f"{e['value']:{form}} ({e['low']:{form}} to {e['high']:{form}})"
            for e, form in ((w["auc"], ".3f"), (w["lift"], ".2f"))
        )
        found.append(f"{w['figure'][:35]:<36}{w['worse']:<7}{a:<24}{lift}")
    return found
