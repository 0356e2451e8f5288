"""Examines a tenant, its vaults and the registrar's storage from outside, and names every broken invariant."""
