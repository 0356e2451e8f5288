"""What each call does: metadata, the token endpoint, and the endpoints of people's browsers and devices."""
