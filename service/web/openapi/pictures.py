"""What is said of the routes that read pictures, and of those that hear how well."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from service.errors import NotAPngError
from service.web.feedback import Feedback
from service.web.openapi.parts import ID, Answer, Media, Operation
from service.web.openapi.schema import BatchForm, PictureForm, PictureSent, PixelsSent
from service.web.options import OPTIONS
from service.web.problems import KINDS, problem_document
from service.web.schema import BatchClassified, Classified

__all__ = ["CLASSIFIED", "FORM", "OTHER_FORMATS", "PICTURES", "PNG_BODIES", "REFUSALS"]

REFUSALS = (
    "bad_input",
    "unknown_model",
    "slow_body",
    "body_too_large",
    "image_too_large",
    "not_a_png",
    "unsupported_body",
    "bad_image",
    "overloaded",
)
CLASSIFIED: Mapping[str, object] = MappingProxyType(
    {
        "id": ID,
        "model": "plain",
        "model_version": "1",
        "activations": [0.0004, 0.0000, 0.0000, 0.0275, 0.0000, 0.9864, 0.0000, 0.0000, 0.0003, 0.0025],
        "argmax": 5,
        "digit": 5,
        "margin": 0.9589,
        "rejected": False,
        "reason": None,
        "reject_below": 0.56,
    }
)
PROBLEM = problem_document(KINDS[NotAPngError], "the picture looks like text, not like a PNG; send a PNG", ID)
BATCH_CLASSIFIED: Mapping[str, object] = MappingProxyType(
    {
        "id": ID,
        "model": "plain",
        "model_version": "1",
        "results": [{"name": "five.png", **CLASSIFIED}, {"name": "notes.txt", "error": PROBLEM}],
    }
)
FORM = Media("multipart/form-data", PictureForm, curl="-F image=@five.png")
PNG_BODIES = (
    Media("image/png", curl="-H 'Content-Type: image/png' --data-binary @five.png"),
    Media("application/octet-stream", curl="--data-binary @five.png"),
)
OTHER_FORMATS = (
    Media("image/jpeg", curl="-H 'Content-Type: image/jpeg' --data-binary @five.jpeg"),
    Media("image/webp", curl="-H 'Content-Type: image/webp' --data-binary @five.webp"),
)
IN_JSON = Media(
    "application/json",
    PictureSent | PixelsSent,
    {"model": "four-pixel", "pixels": [[1, -1], [1, -1]], "reject_below": 0.5},
)
JUDGE = {
    "feedback": {
        "operationId": "feedback_feedback",
        "description": "Say whether the answer was right.",
        "requestBody": {
            "digit": "$response.body#/digit",
            "label": "$response.body#/argmax",
            "model": "$response.body#/model",
        },
    }
}
PICTURES: Mapping[str, Operation] = MappingProxyType(
    {
        "classify.classify": Operation(
            topic="Pictures",
            parameters=(*OPTIONS,),
            bodies=(*PNG_BODIES, FORM, IN_JSON, *OTHER_FORMATS),
            answers=(
                Answer(
                    "The activations, and what they say; a rejected picture is no failure.",
                    (Media("application/json", Classified, dict(CLASSIFIED)),),
                    links=JUDGE,
                ),
            ),
            problems=REFUSALS,
        ),
        "batch.classify_batch": Operation(
            topic="Pictures",
            parameters=(*OPTIONS,),
            bodies=(
                Media("multipart/form-data", BatchForm, curl="-F a=@five.png -F b=@three.png"),
                Media("application/zip", curl="-H 'Content-Type: application/zip' --data-binary @digits.zip"),
                Media(
                    "application/x-zip-compressed",
                    curl="-H 'Content-Type: application/x-zip-compressed' --data-binary @digits.zip",
                ),
            ),
            answers=(
                Answer(
                    "An answer for each picture, in the order in which they were sent; "
                    "one that cannot be read costs itself alone.",
                    (Media("application/json", BatchClassified, dict(BATCH_CLASSIFIED)),),
                ),
            ),
            problems=("bad_input", "unknown_model", "slow_body", "body_too_large", "unsupported_body"),
        ),
        "feedback.feedback": Operation(
            topic="Pictures",
            bodies=(Media("application/json", Feedback, {"digit": 3, "label": 5, "model": "plain"}),),
            answers=(Answer("It was counted, and nothing else is kept.", status=HTTPStatus.NO_CONTENT),),
            problems=("bad_input", "unknown_model", "slow_body", "body_too_large", "unsupported_body"),
        ),
        "page.read": Operation(
            topic="Pages",
            parameters=(*OPTIONS,),
            bodies=(FORM, *PNG_BODIES, IN_JSON, *OTHER_FORMATS),
            answers=(Answer("The answer as a page.", (Media("text/html"),)),),
            problems=REFUSALS,
            pages=True,
        ),
    }
)
"""By the view's endpoint."""
