"""Values and stored records, which must stay readable for ever. Pure."""
