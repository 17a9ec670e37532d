# The router, statically linked, in an image that holds nothing else: see docs/operating/deploying.md.

FROM rust:1.95-alpine AS build
# SQLite and ring are compiled from C.
RUN apk add --no-cache build-base ca-certificates perl
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p wamp-router --bin wamp-router && cp target/release/wamp-router /
RUN mkdir -p /image/data /image/config && chown 65532:65532 /image/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /image/ /
COPY --from=build /wamp-router /wamp-router
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080 9180
STOPSIGNAL SIGTERM
ENTRYPOINT ["/wamp-router"]
CMD ["start", "--config", "/config/config.yaml", "--log-format", "json", "--metrics", "0.0.0.0:9180"]
