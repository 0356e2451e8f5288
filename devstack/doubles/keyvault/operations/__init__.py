"""What each call does: on live secrets, on deleted ones, on certificates."""
