from dataclasses import dataclass

from governance.application.golden_decisions import audit
from governance.application.golden_decisions.views import GoldenDecisionView
from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.policies import PolicyLab
from governance.application.ports.transaction import UnitOfWork
from governance.domain.errors import GoldenDecisionsBroken
from governance.domain.golden_decision import GOLDEN_DECISIONS_MAX, GoldenDecision, GoldenQuestion, require_faultless
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists, InvalidValue, StaleVersion


@dataclass(frozen=True, slots=True)
class SetGoldenDecision:
    """Keep a decision as golden: no change of policies may alter it. It must be what the policies in force decide.

    `version` is the version to replace. None creates one.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    lab: PolicyLab
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        name: str,
        question: GoldenQuestion,
        description: str,
        is_allowed: bool,
        version: int | None,
        reason: str,
    ) -> GoldenDecisionView:
        """Raise InvalidValue, InvalidValues, AlreadyExists, StaleVersion, or GoldenDecisionsBroken if it is decided otherwise."""
        async with self.uow.begin(actor) as tx:
            latest = await tx.bundles.lock_latest()
            permissions = frozenset(permission.name for permission in await tx.permissions.all())
            roles = (await tx.roles.hierarchy()).names
            vocabulary = self.publish_bundle.vocabulary
            require_faultless(question.faults(vocabulary, permissions=permissions, roles=roles))
            golden, at = await tx.golden_decisions.lock(name), self.clock.now()
            if golden is None:
                if version is not None:
                    raise StaleVersion(field="If-Match", golden_decision=name)
                if len(await tx.golden_decisions.all()) >= GOLDEN_DECISIONS_MAX:
                    raise InvalidValue(field="name", expected=f"at most {GOLDEN_DECISIONS_MAX} golden decisions", given=name)
                golden = GoldenDecision.make(name, question, description=description, is_allowed=is_allowed)
                tx.golden_decisions.add(golden)
                tx.create(audit.GOLDEN_DECISION, golden, "set", at=at, reason=reason)
            else:
                if version is None:
                    raise AlreadyExists(field="name", golden_decision=name, version=golden.version)
                if golden.version != version:
                    raise StaleVersion(field="If-Match", golden_decision=name, version=golden.version)
                with tx.change(audit.GOLDEN_DECISION, golden, "set", at=at, reason=reason):
                    golden.change(question, description=description, is_allowed=is_allowed)
            if latest and self.lab.open(latest.compiled).judge(golden.case(vocabulary)).allowed is not golden.is_allowed:
                raise GoldenDecisionsBroken(field="is_allowed", golden_decisions=(name,))
            return GoldenDecisionView.of(golden)
