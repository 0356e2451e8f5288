"""The HTTP interface as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.1).

`python -m shared.api.openapi` writes `schemas/openapi.json`, which `GET /api/openapi.json` serves as it is. Paths
have one module per subject; shapes are the models that the functions respond with. Nothing imports this at run time.
"""
