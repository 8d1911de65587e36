# Two stages: the first makes a virtual environment, the second is Python and that environment, nothing else.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What others wrote, every file checked against the hash in the lock. It changes rarely, so it is a layer of its own.
COPY deploy/requirements.txt deploy/build-requirements.txt ./
RUN python -m venv --without-pip /opt/digits \
    && pip --python /opt/digits install \
        --no-compile --no-deps --only-binary :all: --require-hashes --requirement requirements.txt \
    && python -m venv --without-pip tools \
    && pip --python tools install --no-deps --only-binary :all: --require-hashes --requirement build-requirements.txt

# What we wrote.
COPY LICENSE README.md pyproject.toml ./
COPY model_artifacts model_artifacts
COPY service service
RUN pip --python tools wheel --no-build-isolation --no-deps --no-index --wheel-dir dist . \
    && pip --python /opt/digits install --no-compile --no-deps --no-index dist/*.whl

# The tests of others go, about a tenth of the whole. Bytecode is written here, because the service cannot write
# it, and unchecked, because nothing in the image changes.
RUN find /opt/digits/lib -type d -name tests -prune -exec rm -r {} + \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/digits/lib


FROM python:${PYTHON}-slim

COPY --from=build /opt/digits /opt/digits

# Other machines reach a container by its address, so it listens on all of them. It still refuses to serve them
# without keys (DIGITS_API_KEYS_FILE), unless it is told that they may come (DIGITS_ALLOW_OPEN=1).
# One image at a time is too little work to share among the threads that OpenBLAS would start on every core.
ENV PATH=/opt/digits/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    DIGITS_HOST=0.0.0.0

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["digits", "health"]
ENTRYPOINT ["digits"]
CMD ["serve"]

ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="digit-service" \
    org.opencontainers.image.description="Reads handwritten digits, shows its ten activations, and says when a picture is none." \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="MIT"
