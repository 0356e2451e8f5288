"""What a refusal of Microsoft Graph means: who can mend it, and what they are told. Pure."""
