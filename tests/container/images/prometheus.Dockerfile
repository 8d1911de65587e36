# Stands in for Prometheus' image where no registry can be reached: an older version, out of Debian's packages.
FROM debian:trixie-slim
# hadolint ignore=DL3008  # the version is whichever Debian has
RUN apt-get update \
    && apt-get install --yes --no-install-recommends prometheus promtool \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner nobody --group nogroup /prometheus
ENTRYPOINT ["/bin/prometheus"]
