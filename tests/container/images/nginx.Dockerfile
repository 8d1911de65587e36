# Stands in for the nginx image where no registry can be reached: the same version, out of Debian's packages.
FROM debian:trixie-slim
# a mirror that stands still is no mirror that lies
# hadolint ignore=DL3008  # the version is whichever Debian has
RUN echo 'deb [check-valid-until=no] http://deb.debian.org/debian forky main' >/etc/apt/sources.list.d/forky.list \
    && apt-get update \
    && apt-get install --yes --no-install-recommends --target-release forky curl nginx-light \
    && rm -rf /var/lib/apt/lists/*
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
