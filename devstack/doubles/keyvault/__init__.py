"""A stateful double of Key Vault: secrets and self-signed certificates with soft deletion, roles and quotas.

`admission` is what every call goes through before its operation; `store` keeps what a vault holds.
"""
