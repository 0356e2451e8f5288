"""A local stack: real Azurite, a Functions host, and doubles of Entra, Microsoft Graph and Key Vault; see README.md.

It shares no code with the app under test: a double built from the app's own code would repeat its mistakes.
"""
