"""The nightly report of every credential in the tenant, with owners and advice."""
