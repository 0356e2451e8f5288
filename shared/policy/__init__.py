"""What requests may be granted: policy.toml, the never-list, and the pure rules that apply them."""
