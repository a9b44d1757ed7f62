"""An Excel workbook (Office Open XML, ECMA-376) of tables. Texts are written as inline strings, which are never formulas."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from simulator.report.tables import Table, Value
from simulator.scenario.diagnostics import safe

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FORMATS = {"": 0, "share": 2, "$": 3}  # index of the cell's style
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="10" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
DATE = (1980, 1, 1, 0, 0, 0)  # of every entry: equal tables give equal bytes


def workbook(found: Sequence[Table]) -> bytes:
    """One sheet a table."""
    names = _names([table.name for table in found])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:

        def write(name: str, text: str) -> None:
            archive.writestr(zipfile.ZipInfo(name, DATE), text, zipfile.ZIP_DEFLATED)

        sheets = range(1, len(found) + 1)
        write("[Content_Types].xml", _content(sheets))
        write("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        listed = "".join(
            f'<sheet name="{_text(n)}" sheetId="{k}" r:id="rId{k}"/>' for k, n in zip(sheets, names, strict=True)
        )
        write(
            "xl/workbook.xml",
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        )
        parts = [("worksheet", f"worksheets/sheet{k}.xml") for k in sheets]
        write("xl/_rels/workbook.xml.rels", _relations([*parts, ("styles", "styles.xml")]))
        write("xl/styles.xml", STYLES)
        for k, table in zip(sheets, found, strict=True):
            write(f"xl/worksheets/sheet{k}.xml", _sheet(table))
    return out.getvalue()


def _names(wanted: Sequence[str]) -> list[str]:
    """Names a sheet may have: 31 letters, none of []:*?/\\, each once."""
    found: list[str] = []
    for name in wanted:
        base = re.sub(r"[\[\]:*?/\\']", "_", safe(name))[:28] or "sheet"
        found.append(base if base not in found else f"{base}_{len(found)}")
    return found


def _text(text: str) -> str:
    return escape(safe(text)[:32_767], {'"': "&quot;"})


def _sheet(table: Table) -> str:
    widths = "".join(
        f'<col min="{k}" max="{k}" width="{min(44, max(11, len(c) + 2))}" customWidth="1"/>'
        for k, c in enumerate(table.columns, 1)
    )
    unit = [table.units.get(c.removesuffix("_low").removesuffix("_high"), "") for c in table.columns]
    rows = [_row(1, [(c, 1) for c in table.columns])]
    rows += [
        _row(n, [(x, FORMATS.get(u, 0)) for x, u in zip(row, unit, strict=True)]) for n, row in enumerate(table.rows, 2)
    ]
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{widths}</cols>'
        f"<sheetData>{''.join(rows)}</sheetData></worksheet>"
    )


def _row(n: int, cells: Sequence[tuple[Value, int]]) -> str:
    return f'<row r="{n}">{"".join(_cell(f"{_letters(k)}{n}", x, style) for k, (x, style) in enumerate(cells))}</row>'


def _cell(place: str, value: Value, style: int) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'


def _letters(k: int) -> str:
    return (_letters(k // 26 - 1) if k >= 26 else "") + chr(65 + k % 26)


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{k}" Type="{RELATIONS}/{kind}" Target="{to}"/>'
        for k, (kind, to) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def _content(sheets: Sequence[int]) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("/xl/workbook.xml", f"{kind}.sheet.main+xml"), ("/xl/styles.xml", f"{kind}.styles+xml")]
    parts += [(f"/xl/worksheets/sheet{k}.xml", f"{kind}.worksheet+xml") for k in sheets]
    listed = "".join(f'<Override PartName="{name}" ContentType="{of}"/>' for name, of in parts)
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
