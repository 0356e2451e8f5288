"""The worker child: the app, Microsoft's worker library, and stand-ins for what the platform's worker gives it.

Only this package imports the app's code, and it runs in a process of its own (`python -m devstack.host.worker`).
"""
