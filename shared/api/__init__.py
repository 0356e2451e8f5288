"""Responses over HTTP, and the OpenAPI document that describes them."""
