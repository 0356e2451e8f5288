"""Ids of Microsoft's own applications that several parts of the stack need; they are the same in every tenant."""

TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns them."""
GRAPH = "00000003-0000-0000-c000-000000000000"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
