"""What is in the directory and the vaults before anybody did anything, and how more is added."""

from devstack.doubles.seed.additions import Additions, add
from devstack.doubles.seed.initial import plant

__all__ = ["Additions", "add", "plant"]
