"""What a refusal of Microsoft Graph means: who can resolve it, and the message for them. Pure."""
