# The same files as `npm run image` packs, by a container engine (BuildKit):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg REVISION=$(git rev-parse HEAD) -t countersign:0.1.0 .
#
# What it is built in is any Debian with Node 22, npm and apt. A tag moves; who builds for others pins it by the digest that
# their registry shows: --build-arg NODE_IMAGE=node:22-bookworm-slim@sha256:<digest>. What it runs on is made from scratch.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /countersign
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# .git stays outside: neither who builds nor when may change a byte
ARG REVISION
ARG SOURCE_DATE_EPOCH=0
ARG TARGETARCH
RUN COUNTERSIGN_REVISION="$REVISION" npm run image -- ${TARGETARCH:+--arch "$TARGETARCH"} --layers /layers

FROM scratch
ARG REVISION
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="Admission webhooks that know who is calling: API-server-to-webhook authentication by audience-bound ServiceAccount tokens (KEP-2510, KEP-6060)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /layers/runtime/ /
COPY --from=build /layers/dependencies/ /
COPY --from=build /layers/application/ /
ENV PATH=/nodejs/bin
WORKDIR /
EXPOSE 8080/tcp 8443/tcp
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/app/node_modules/countersign/dist/commands/countersign.cjs"]
