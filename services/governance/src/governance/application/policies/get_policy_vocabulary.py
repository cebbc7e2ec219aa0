from dataclasses import dataclass

from governance.application.permissions.views import PermissionView, PermissionViews
from governance.domain.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class DescribedVocabulary:
    vocabulary: Vocabulary
    permissions: tuple[PermissionView, ...]


@dataclass(frozen=True, slots=True)
class GetPolicyVocabulary:
    """Get what policies may read: the permissions, and what services tell about each of them."""

    permissions: PermissionViews
    vocabulary: Vocabulary

    async def __call__(self) -> DescribedVocabulary:
        return DescribedVocabulary(self.vocabulary, tuple(await self.permissions.permissions()))
