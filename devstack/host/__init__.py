"""A local Azure Functions host: runs an unchanged Python v2 app through Microsoft's own worker library.

The parent process holds the listeners, the HTTP front and the storage clients; the app runs in a child process
(`devstack.host.worker`), which can be killed on a timeout and comes back after a crash. See README.md.
"""
