"""What an actor may do: Cedar policies, compiled by governance, decided in this process."""

from chassis.policies.bundle import Bundle, BundleSource, InvalidBundle, Resource
from chassis.policies.engine import Policies
from chassis.policies.governance import GovernanceBundles
from chassis.policies.keeper import BundleKeeper

__all__ = ["Bundle", "BundleKeeper", "BundleSource", "GovernanceBundles", "InvalidBundle", "Policies", "Resource"]
