#!/usr/bin/env bash
# Keeps one comment at a pull request (GitHub) or merge request (GitLab): posts it the first time,
# and replaces its text from then on. A comment that cannot be written is a warning, no failure.
#
# ASSAY_RESULTS   the folder with comment.md (default: results)
# ASSAY_TOKEN     GitHub: a token with pull-requests: write; GitLab: one with the scope api
# PULL_REQUEST    its number; on GitLab CI_MERGE_REQUEST_IID says it
set -euo pipefail
marker='<!-- assay -->'
body=${ASSAY_RESULTS:-results}/comment.md
reply=$(mktemp)
trap 'rm -f "$reply" "$reply".*' EXIT

if [ -n "${GITLAB_CI:-}" ]; then
  number=${CI_MERGE_REQUEST_IID:-}
  list="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$number/notes"
  one=$list
  update=PUT
  header="PRIVATE-TOKEN: ${ASSAY_TOKEN:-}"
  job=$CI_JOB_URL
  mine='.author.bot != false'
else
  number=${PULL_REQUEST:-}
  list="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/$number/comments"
  one="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/comments"
  update=PATCH
  header="Authorization: Bearer ${ASSAY_TOKEN:-}"
  job="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
  mine='.user.type == "Bot"'  # a person's comment is left alone, whatever it begins with
fi

# call ARGUMENTS...: one request; the answer is in $reply. The token is on no command line.
call() {
  printf 'header = "%s"\n' "$header" | curl --config - --silent --show-error --fail-with-body \
    --max-time 60 --header 'Content-Type: application/json' --output "$reply" "$@"
}

give_up() {
  echo "The comment could not be written: $1" >&2
  [ -z "${GITHUB_ACTIONS:-}" ] || echo "::warning::assay's comment could not be written: $1"
  exit 0
}

if [ -z "$number" ]; then
  echo "This is no pull request: no comment."
  exit 0
fi
[ -n "${ASSAY_TOKEN:-}" ] || give_up "there is no token for it"

if [ -s "$body" ]; then
  cp "$body" "$reply.body"
else
  # What stood there is of another commit, so it must not stay.
  printf '%s\n### ⚠️ assay gave no result\n\n%s\n' "$marker" \
    "It ended before its report: see [the job]($job)." > "$reply.body"
fi
jq --raw-input --slurp '{body: .}' "$reply.body" > "$reply.json"

id=
for page in 1 2 3 4 5 6 7 8 9 10; do
  call "$list?per_page=100&page=$page" || give_up "$(head -c 300 "$reply")"
  id=$(jq --raw-output --arg marker "$marker" \
    "[.[] | select((.body | startswith(\$marker)) and $mine) | .id] | first // empty" "$reply")
  if [ -n "$id" ] || [ "$(jq length "$reply")" -lt 100 ]; then break; fi
done

if [ -n "$id" ]; then
  call --request "$update" --data-binary "@$reply.json" "$one/$id" ||
    give_up "$(head -c 300 "$reply")"
  echo "Updated the comment at #$number."
else
  call --request POST --data-binary "@$reply.json" "$list" || give_up "$(head -c 300 "$reply")"
  echo "Posted a comment at #$number."
fi
