"""AMQP 1.0 (OASIS standard) as a server speaks it, without sockets: types, frames, connections, sessions, links."""
