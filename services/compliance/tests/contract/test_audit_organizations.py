"""The organization for which an actor acted: shown and found in every read of the audit log."""

import csv
import io

from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.entries import entry


async def test_the_acts_for_an_organization_are_found_and_shown_everywhere(api: Api) -> None:
    ours, theirs, alone = entry(organization_id=new_id()), entry(organization_id=new_id()), entry()
    await api.log(ours, theirs, alone)
    organization = str(ours.organization_id)

    page = await api.get("/audit/entries", organization_id=organization, reason="audit")
    assert [(item["sequence"], item["organization_id"]) for item in page["items"]] == [(0, organization)]
    related = await api.get("/audit/entries", organization_id=organization, related_to=ours.resource_id, reason="audit")
    assert [item["sequence"] for item in related["items"]] == [0]
    trail = await api.get(f"/audit/trails/{ours.resource_id}", reason="audit")
    assert {item["organization_id"] for item in trail["items"] if item["sequence"] == 0} == {organization}
    assert (await api.get(f"/audit/entries/{ours.fact_id}"))["organization_id"] == organization
    assert (await api.get(f"/audit/entries/{alone.fact_id}"))["organization_id"] is None
    export = await api.call("GET", f"/audit/entries/export?organization_id={organization}&reason=audit")
    assert [row["organization_id"] for row in csv.DictReader(io.StringIO(export.text, newline=""))] == [organization]
    # The organization is not the caller, so a search for its acts takes a reason.
    assert await api.refused("GET", f"/audit/entries?organization_id={organization}") == (422, "VAL_001")
