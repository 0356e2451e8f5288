"""Double of the Microsoft Entra sign-in service: metadata, keys and the token endpoint for applications."""
