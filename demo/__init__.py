"""The app's users and operators on a local stack: the demo, and the commands behind make send, answers and replay.

It is a client of the running stack like any other: it knows queues, HTTP and the control plane, and no code of the app.
"""
