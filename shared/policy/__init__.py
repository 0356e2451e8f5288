"""What a request may be given: policy.toml, the never-list, and the pure rules that apply them."""
