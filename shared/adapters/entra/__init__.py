"""Entra ID: tokens and sign-ins."""
