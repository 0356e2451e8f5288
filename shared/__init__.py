"""The product's domain: what a request asks for, what exists, and the steps between the two."""
