"""The app's users on a local stack: the demo, and the commands behind make send and make answers.

It is a client of the running stack like any other: it knows queues, HTTP and the control plane, and no code of the app.
"""
