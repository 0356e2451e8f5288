"""The nightly report of every credential in the tenant: what there is, whose it is, and what to do about it."""
