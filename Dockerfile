FROM rust:1.95-bookworm AS builder

# OpenSSL for the feature postgres-tls; libpq itself is compiled from the source in a crate.
# Debian's archive keeps only the newest build of a package, so a pinned version would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build

# The dependencies, built around empty crates: this layer lasts until a manifest, Cargo.lock, .cargo or the
# declared benchmark changes (cargo wants it to exist). The empty program's own output is
# thrown away: its files are newer than the sources, and cargo would take it for the finished build.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY benches/baselines benches/baselines
COPY crates/kernel/Cargo.toml crates/kernel/
COPY crates/db/Cargo.toml crates/db/
COPY crates/service/Cargo.toml crates/service/
RUN mkdir src crates/kernel/src crates/db/src crates/service/src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs crates/kernel/src/lib.rs crates/db/src/lib.rs crates/service/src/lib.rs \
    && cargo build --profile dist --locked --features postgres-tls \
    && cargo clean --profile dist --locked --package remacto --package remacto-kernel --package remacto-db --package remacto-service

# The program. .dockerignore says what the build may see.
COPY . .
RUN cargo build --profile dist --locked --features postgres-tls


FROM debian:bookworm-slim

LABEL org.opencontainers.image.title="remacto" \
      org.opencontainers.image.description="The open-data API of REMACTO, the Moroccan Network of Open Local Governments" \
      org.opencontainers.image.licenses="MIT"

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/remacto --shell /usr/sbin/nologin remacto \
    && install -d -o remacto -g remacto -m 0700 /var/lib/remacto

COPY --from=builder /build/target/dist/remacto /usr/local/bin/remacto

# By number, so that an orchestrator can see that it isn't root.
USER 10001:10001

# Without DATABASE_URL the embedded database lives in the volume.
ENV REMACTO_BIND=0.0.0.0:8080 \
    REMACTO_OPS_BIND=0.0.0.0:9464 \
    REMACTO_DATA_DIR=/var/lib/remacto
VOLUME ["/var/lib/remacto"]

# 8080 is the public API; 9464 is metrics for the operators, not for the internet.
EXPOSE 8080 9464

HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["remacto", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["remacto"]
CMD ["serve"]
