"""Use cases for access reviews. Two of them are jobs: they ask those who decide, and close campaigns."""

from dataclasses import dataclass

from governance.application.access_reviews.cancel_access_review import CancelAccessReview
from governance.application.access_reviews.decide_review_lines import DecideReviewLines
from governance.application.access_reviews.export_review_lines import ExportReviewLines
from governance.application.access_reviews.get_access_review import GetAccessReview
from governance.application.access_reviews.get_review_report import GetReviewReport
from governance.application.access_reviews.list_access_reviews import ListAccessReviews
from governance.application.access_reviews.list_review_keys import ListReviewKeys
from governance.application.access_reviews.list_review_lines import ListReviewLines
from governance.application.access_reviews.start_access_review import StartAccessReview


@dataclass(frozen=True, slots=True)
class AccessReviews:
    list_access_reviews: ListAccessReviews
    start_access_review: StartAccessReview
    get_access_review: GetAccessReview
    list_review_lines: ListReviewLines
    export_review_lines: ExportReviewLines
    decide_review_lines: DecideReviewLines
    cancel_access_review: CancelAccessReview
    get_review_report: GetReviewReport
    list_review_keys: ListReviewKeys
