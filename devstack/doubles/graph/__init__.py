"""A stateful double of Microsoft Graph v1.0: the part of the directory that app registrations need.

`app.create` builds the ASGI application. `routes` lists the operations with the permission and the cost of each;
`operations/` has one module per noun, `rules/` what is accepted, `schema/` the declared types, `odata/` the query
language. `store` finds objects on the replica that serves a call, `presentation` shows them, and `responses` puts
answers on the wire.
"""
