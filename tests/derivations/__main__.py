"""Writes tests/evidence/NAME.json of every derivation: `cd tests && python -m derivations [NAME …]`."""

import sys

from derivations.document import text
from derivations.register import EVIDENCE, documents

for name, document in documents(sys.argv[1:]):
    (EVIDENCE / f"{name}.json").write_text(text(document), encoding="utf-8")
    print(name, len(document["checks"]), "checks")
