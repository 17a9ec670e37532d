# The router in an image that has it, the certificates of public authorities, and nothing else: see
# docs/operating/deploying.md. `cargo xtask image` builds it and tries it.

# Another registry may have it under another name.
ARG RUST=docker.io/library/rust:1.95-bookworm

FROM ${RUST} AS build
RUN apt-get update && apt-get install --yes --no-install-recommends musl-tools && rm -rf /var/lib/apt/lists/*
RUN rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --target "$(uname -m)-unknown-linux-musl" -p wamp-router --bin wamp-router && \
    cp "target/$(uname -m)-unknown-linux-musl/release/wamp-router" /
RUN mkdir -p /image/data /image/config /image/tmp && chmod 1777 /image/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /image/ /
COPY --from=build /wamp-router /wamp-router
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080 9180
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/wamp-router", "health"]
ENTRYPOINT ["/wamp-router"]
CMD ["start", "--config", "/config/config.yaml", "--log-format", "json", "--metrics", "0.0.0.0:9180"]
