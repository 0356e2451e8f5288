"""Looks at a tenant, its vaults and the registrar's storage from outside, and says which invariant is broken."""
