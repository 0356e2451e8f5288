"""Doubles of Entra's token endpoint, Microsoft Graph and Key Vault, one process, one loop, loopback only."""
