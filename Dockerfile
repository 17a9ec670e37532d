# The router in an image that holds the C library, the certificates of public authorities, and no shell: see
# docs/operating/deploying.md.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p wamp-router --bin wamp-router && cp target/release/wamp-router /
RUN mkdir -p /image/data /image/config

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build --chown=65532:65532 /image/ /
COPY --from=build /wamp-router /wamp-router
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080 9180
STOPSIGNAL SIGTERM
ENTRYPOINT ["/wamp-router"]
CMD ["start", "--config", "/config/config.yaml", "--log-format", "json", "--metrics", "0.0.0.0:9180"]
