"""`python -m shared.api.openapi` writes `schemas/openapi.json`."""

from shared.api.openapi.document import FILE, document
from shared.contract.schema import rendered

FILE.write_text(rendered(document()), encoding="utf-8")
