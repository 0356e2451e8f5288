"""Double of the Microsoft Entra sign-in service: metadata, keys, applications and people who sign in."""
