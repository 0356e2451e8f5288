"""A stateful double of Microsoft Graph v1.0: the part of the directory that app registrations need.

`app.create` builds the ASGI application. One file per noun (applications, service principals, ...) says what its
operations do; `routes` lists them; `odata` reads queries; `schema` and `payload` say which bodies are legal.
"""
