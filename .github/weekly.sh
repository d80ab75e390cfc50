#!/usr/bin/env bash
# weekly.sh REPORT: what will break the book soon, as Markdown. It fails only if it can't look.
# Wants the locked environment in .venv; makes one of the newest packages in .venv-newest.
set -euo pipefail
cd "$(dirname "$0")/.."
report=$1
log=$(mktemp)
COLAB=${COLAB:-https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.gpu.txt}

# part TITLE COMMAND...: runs a command and reports how it ended, and what it said if it failed.
part() {
    local title=$1
    shift
    printf '## %s\n\n' "$title" >> "$report"
    if "$@" > "$log" 2>&1; then
        printf 'Fine.\n\n' >> "$report"
    else
        printf 'Broken:\n\n```\n%s\n```\n\n' "$(tail -n 60 "$log")" >> "$report"
    fi
}

newest() {
    .venv/bin/uv pip compile pyproject.toml --extra tensorflow --group dev --universal \
        --python-version 3.11.7 --no-header --quiet -o _build/newest.txt &&
        "${PYTHON:-python3}" -m venv --clear .venv-newest &&
        .venv/bin/uv pip install --quiet --python .venv-newest/bin/python -r _build/newest.txt &&
        .venv/bin/uv pip install --quiet --python .venv-newest/bin/python --no-deps --no-build-isolation -e . &&
        .venv-newest/bin/python -m cnnbook versions
}

colab() {
    curl --fail --silent --show-error --location --output _build/colab.txt "$COLAB" &&
        .venv/bin/python -m cnnbook versions _build/colab.txt
}

# The book is built before, so that its pages are in _build/src.
links() {
    .venv/bin/jupyter-book build _build/src --path-output _build/links --builder linkcheck > _build/links.log 2>&1 || true
    test -f _build/links/_build/html/output.txt && # Jupyter Book has one name for every kind of output
        ! grep --fixed-strings '[broken]' _build/links/_build/html/output.txt
}

mkdir -p _build
rm -f _build/newest.txt
printf 'Made by `.github/weekly.sh` on %s.\n\n' "$(date --utc +%F)" > "$report"
part 'The newest packages can be installed' newest
part 'The tests with the newest packages' \
    .venv-newest/bin/python -m pytest -q -n 2 --dist worksteal --ignore=tests/browser tests
part 'Colab has what cnnlib needs' colab
part 'The book, with the locked packages' .venv/bin/python book/build.py --strict
part 'Every notebook in every profile' make test-profiles
part 'Links out of the book' links
cat "$report"
