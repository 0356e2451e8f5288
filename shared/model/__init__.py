"""Values and stored records, which all later versions must be able to read. Pure."""
