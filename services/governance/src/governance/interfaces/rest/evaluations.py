"""The decision point for applications: OpenID AuthZEN Authorization API 1.0, evaluation and evaluations."""

from chassis.rest import Authenticated, CurrentActor, Router
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.evaluations import (
    EvaluationRequest,
    EvaluationResponse,
    EvaluationsRequest,
    EvaluationsResponse,
)
from kernel.assurance import NONE

# In the standard's own form, so without the envelope. It changes nothing, so keys are ignored.
evaluations = Router("/access/v1", base="", tags=["access"], idempotent=False)


@evaluations.post("/evaluation", dependencies=[Authenticated], assurance=NONE, response_model_exclude_none=True)
async def evaluate_access(body: EvaluationRequest, actor: CurrentActor, app: App) -> EvaluationResponse:
    """Decide whether a person may do something. About others than the caller it needs access:evaluate.

    What is not known, or not of the declared type, is decided with no. The decision is on record.
    """
    return EvaluationResponse.of(await app.evaluations.evaluate_access(actor=actor, question=body.question))


@evaluations.post("/evaluations", dependencies=[Authenticated], assurance=NONE, response_model_exclude_none=True)
async def evaluate_access_batch(
    body: EvaluationsRequest, actor: CurrentActor, app: App
) -> EvaluationsResponse | EvaluationResponse:
    """Decide several questions at once: all, or up to the first no or yes (`options.evaluations_semantic`).

    Without `evaluations`, it decides one question and answers as `evaluation` does.
    """
    answers = await app.evaluations.evaluate_access_batch(
        actor=actor, questions=body.questions, semantic=body.options.evaluations_semantic
    )
    found = [EvaluationResponse.of(answer) for answer in answers]
    return EvaluationsResponse(evaluations=found) if body.evaluations else found[0]
