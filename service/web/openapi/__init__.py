"""What every route takes and answers, as OpenAPI 3.1 has it: made of the routes and of the types they use."""

from service.web.openapi.document import document

__all__ = ["document"]
