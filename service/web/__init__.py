"""The only place that knows HTTP: one module a topic of the interface, put together in app."""

__all__: list[str] = []
