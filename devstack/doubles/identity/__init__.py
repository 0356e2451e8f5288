"""Double of the managed-identity endpoint of App Service and Functions.

Protocol: Microsoft Learn, "How to use managed identities for App Service", REST endpoint reference,
api-version 2019-08-01.
"""
