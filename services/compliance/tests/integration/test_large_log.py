"""Proofs in a log with two stored levels: 65,536 entries and more."""

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.reads import NotedReads
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.get_consistency_proof import GetConsistencyProof
from compliance.application.audit.get_inclusion_proof import GetInclusionProof
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.infrastructure.sql.audit import SqlAuditViews
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.rest.schemas.audit import ConsistencyProofResponse, ProofBundleResponse
from compliance.verifier import verify_bundle, verify_consistency
from kernel.actor import Actor
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import Signer

SIZES = (255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 70_000)
PLACES = (0, 1, 127, 128, 254, 255, 256, 257, 511, 512, 32_767, 32_768, 65_279, 65_280, 65_534, 65_535, 65_536, 69_999)


async def test_proofs_across_all_subtree_boundaries(uow: SqlUnitOfWork[SqlComplianceTransaction], database: Database) -> None:
    signer = Signer()
    append, sign = AppendFacts(uow), SignCheckpoint(uow, signer, ControlledClock())
    views, auditor = SqlAuditViews(database), Actor.service("auditor")
    prove = GetInclusionProof(views=views, reads=NotedReads(), key=signer.key)
    prove_consistency = GetConsistencyProof(views=views, key=signer.key)
    facts = entries(SIZES[-1])
    for start, end in zip((0, *SIZES), SIZES, strict=False):
        await append(entries=facts[start:end])
        await sign()

    for size in SIZES:
        for place in (place for place in PLACES if place < size):
            proof = await prove(actor=auditor, place=place, tree_size=size)
            verified = verify_bundle(ProofBundleResponse.of(proof).model_dump(), key=signer.key.text)
            assert (verified.index, verified.tree_size, verified.entry) == (place, size, facts[place])
        for later in (later for later in SIZES if later >= size):
            consistency = ConsistencyProofResponse.of(await prove_consistency(first=size, second=later))
            first, second = verify_consistency(consistency.model_dump(), key=signer.key.text)
            assert (first.size, second.size) == (size, later)
