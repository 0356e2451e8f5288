"""Values and stored records: what is read for ever lies in one room. Pure."""
