"""`python -m shared.openapi` writes `schemas/openapi.json`."""

from shared.contract.schema import rendered
from shared.openapi.document import FILE, document

FILE.write_text(rendered(document()), encoding="utf-8")
