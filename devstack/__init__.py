"""The local stack: real Azurite, a Functions host, and doubles of Entra, Microsoft Graph and Key Vault.

It shares no code with `shared/`: a double built from the product's own code would repeat its mistakes.
"""
