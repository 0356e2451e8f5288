"""The control plane, for tests, benchmarks and people with curl.

It moves the stack clock, makes weather, scripts faults, sets traps, adds documents, counts and lists calls. Names are
camelCase. It is not exposed to weather, faults or traps itself.
"""
