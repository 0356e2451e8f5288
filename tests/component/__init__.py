"""The domain over in-memory ports, in the rooms of shared/."""

import pytest

# A failed assertion there shows its values as one in a test does.
pytest.register_assert_rewrite(
    "tests.component.approving",
    "tests.component.registration.beforehand",
    "tests.component.registration.refusing",
)
