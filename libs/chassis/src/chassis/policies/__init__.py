"""What an actor may do: Cedar policies, compiled by governance, decided in this process."""

from chassis.policies.bundle import Bundle, BundleSource, InvalidBundle, Resource
from chassis.policies.bundle_refresher import BundleRefresher
from chassis.policies.engine import Policies
from chassis.policies.governance import GovernanceBundles

__all__ = ["Bundle", "BundleRefresher", "BundleSource", "GovernanceBundles", "InvalidBundle", "Policies", "Resource"]
