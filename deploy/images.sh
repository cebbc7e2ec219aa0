#!/usr/bin/env bash
# Build and label the five images, and check each without a network and with a read-only file system.
# Usage: deploy/images.sh [TAG]    (or: make images TAG=…)
#   IMAGE_PREFIX  the part of the image's name before the service: elcorp
#   PYTHON_IMAGE  the base image; a release names it by digest: python:3.13-slim-bookworm@sha256:…
#   SOURCE        the address where the sources are published
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOCKER_BUILDKIT=1
tag=${1:-local}

revision=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || revision+=-modified
# Use the commit's time, so that building a commit again produces the same image as long as its layers are cached.
created=$(TZ=UTC git show --no-patch --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd HEAD)

for service in gateway identity payments governance compliance; do
  member=services/$service
  [ -d "$member" ] || member=$service
  image=${IMAGE_PREFIX:-elcorp}/$service:$tag
  docker build --quiet --file deploy/Dockerfile --tag "$image" \
    --build-arg SERVICE="$service" \
    --build-arg PYTHON_IMAGE="${PYTHON_IMAGE:-python:3.13-slim-bookworm}" \
    --build-arg DESCRIPTION="Elcorp Namibia: $(sed -n 's/^description = "\(.*\)"$/\1/p' "$member/pyproject.toml")" \
    --build-arg VERSION="$tag" \
    --build-arg SOURCE="${SOURCE:-unknown}" \
    --build-arg REVISION="$revision" \
    --build-arg CREATED="$created" \
    . >/dev/null
  docker run --rm --interactive --network none --read-only --tmpfs /tmp --entrypoint python "$image" - "$service" <deploy/check_image.py
done
